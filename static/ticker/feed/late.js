/** A transport whose module is read when it is first needed, with the same face as one that is there. */

/** @import { TransportName } from "../types.js" */
/** @import { Line, Open, Request } from "./types.js" */

import { LOST } from "./codes.js";

/**
 * What is said before the module has come is said to it then. A module that does not come, or a transport that the
 * browser does not have, is an attempt that failed; the next attempt reads again.
 *
 * @param {TransportName} name
 * @param {() => Promise<{open: Open}>} read
 * @returns {Open}
 */
export function late(name, read) {
  return (url, events, browser) => {
    /** @type {Line | null} */
    let line = null;
    /** @type {Request[]} */
    const early = [];
    let isClosed = false;

    async function begin() {
      try {
        const { open } = await read();
        if (isClosed) return;
        line = open(url, events, browser);
        for (const request of early) line.send(request);
      } catch (error) {
        if (isClosed) return;
        isClosed = true;
        events.close(LOST, String(error));
      }
    }

    void begin();
    return {
      name,
      send(request) {
        if (line !== null) return line.send(request);
        return !isClosed && early.push(request) > 0;
      },
      close() {
        isClosed = true;
        line?.close();
      },
    };
  };
}
