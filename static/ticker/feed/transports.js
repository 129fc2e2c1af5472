/** The transports by name. Each is one small file with the same face; the feed does not know which one it has. */

/** @import { TransportName } from "../types.js" */
/** @import { Open } from "./types.js" */

import { open as longpoll } from "./longpoll.js";
import { open as poll } from "./poll.js";
import { open as sse } from "./sse.js";
import { open as websocket } from "./websocket.js";

/** @type {Record<TransportName, Open>} */
export const TRANSPORTS = { websocket, sse, longpoll, poll };
