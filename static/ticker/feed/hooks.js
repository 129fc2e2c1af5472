/** Trouble on demand, `window.__td`, for tests of pages; only where the server rendered `data-debug="1"`. */

/** @import { Message } from "./types.js" */

/**
 * @typedef {object} Hooks
 * @property {() => void} drop  the connection ends without a word
 * @property {(ms: number) => void} delay  every message arrives later by so much
 * @property {() => void} mute  nothing is heard any more, until the next connection
 */

/** @typedef {{pass: (message: Message, hear: (message: Message) => void) => void, unmute: () => void}} Tamper */

/**
 * @param {{__td?: Hooks}} place  where tests find them: the window
 * @param {() => void} drop
 * @returns {Tamper} between a connection and whoever hears it
 */
export function install(place, drop) {
  let delayMs = 0;
  let isMute = false;
  place.__td = {
    drop,
    delay: (ms) => void (delayMs = ms),
    mute: () => void (isMute = true),
  };
  return {
    pass(message, hear) {
      if (isMute) return;
      if (delayMs > 0) setTimeout(() => hear(message), delayMs);
      else hear(message);
    },
    unmute: () => void (isMute = false),
  };
}
