/** The best transport: one WebSocket, channels come and go by messages. */

/** @import { Open } from "./types.js" */

import { LOST } from "./codes.js";
import { parsed } from "./parsed.js";

/**
 * A number says nothing without its epoch: where we do not know it, the server's answer tells it.
 *
 * @param {string} _key
 * @param {any} value
 */
function positioned(_key, value) {
  return value?.ch !== undefined && value.epoch === undefined ? { ...value, seq: undefined } : value;
}

/** @type {Open} */
export function open(url, events, browser) {
  const address = new URL("/live/v1/ws", url);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const socket = new browser.WebSocket(address);
  /** @type {string[]} said before the handshake was done */
  let early = [];

  socket.onopen = () => {
    for (const text of early) socket.send(text);
    early = [];
  };
  socket.onmessage = (/** @type {MessageEvent} */ { data }) => {
    const message = parsed(data);
    if (message !== null) events.message(message);
  };
  socket.onclose = (/** @type {CloseEvent} */ { code, reason }) => end(code, reason);

  /**
   * @param {number} code
   * @param {string} reason
   */
  function end(code, reason) {
    if (socket.onclose === null) return;
    silence();
    events.close(code, reason);
  }

  function silence() {
    socket.onopen = socket.onmessage = socket.onclose = null;
  }

  return {
    name: "websocket",
    send(request) {
      if (request.op === "subscribe" && request.channels.length === 0) return true; // a page that follows nothing
      const text = JSON.stringify(request, request.op === "subscribe" ? positioned : undefined);
      if (socket.readyState === 0) return early.push(text) > 0;
      if (socket.readyState === 1) {
        socket.send(text);
        return true;
      }
      // A page that comes back out of the browser's memory may find its socket closed, and never be told.
      if (socket.readyState === 3) queueMicrotask(() => end(LOST, ""));
      return false;
    },
    close() {
      silence();
      socket.close(1000);
    },
  };
}
