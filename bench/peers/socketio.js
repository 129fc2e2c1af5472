/** Socket.IO with its Redis adapter, as its documentation sets it up: what any process emits reaches every client. */

import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const [port, redisSocket, key] = process.argv.slice(2);
const publisher = createClient({ socket: { path: redisSocket } });
const subscriber = publisher.duplicate();
publisher.on("error", console.error);
subscriber.on("error", console.error);
await Promise.all([publisher.connect(), subscriber.connect()]);

const server = createServer();
new Server(server, { adapter: createAdapter(publisher, subscriber, { key }), transports: ["websocket"] });
server.listen(Number(port), "127.0.0.1");
