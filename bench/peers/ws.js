/** The lecture's server: Node `ws`, told by a Redis subscription, and a loop over all clients for each trade. */

import { createServer } from "node:http";
import { createClient } from "redis";
import { WebSocket, WebSocketServer } from "ws";

const [port, redisSocket, channel] = process.argv.slice(2);
const server = createServer((request, response) => response.end("Hi there"));
const wss = new WebSocketServer({ server });

wss.on("connection", (ws) => {
  ws.on("error", console.error);
  ws.send("Hello! Message From Server!!");
});

const subscriber = createClient({ socket: { path: redisSocket } });
subscriber.on("error", console.error);
await subscriber.connect();
await subscriber.subscribe(channel, (trade) => {
  wss.clients.forEach((client) => {
    if (client.readyState === WebSocket.OPEN) {
      client.send(trade);
    }
  });
});

server.listen(Number(port), "127.0.0.1");
