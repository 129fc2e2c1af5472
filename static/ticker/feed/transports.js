/** The transports by name. Each is one small file with the same face; the feed does not know which one it has. */

/** @import { TransportName } from "../types.js" */
/** @import { Open } from "./types.js" */

import { late } from "./late.js";
import { open as websocket } from "./websocket.js";

/** @type {Record<TransportName, Open>} */
export const TRANSPORTS = {
  websocket,
  // Few pages ever step down: those read what they step on.
  sse: late("sse", () => import("./sse.js")),
  longpoll: late("longpoll", () => import("./longpoll.js")),
  poll: late("poll", () => import("./poll.js")),
};
