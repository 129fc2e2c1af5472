/** What was said in a channel, and what became of it: a promise for each, settled by an answer or by its absence. */

/** @import { Message, Publish, Timers } from "./types.js" */

const ANSWER_MS = 10_000; // the server answers at once: what has not come by then has got lost

/** Why something was not published; `code` "unknown" where it may have been: nobody knows. */
export class NotPublished extends Error {
  /**
   * @param {string} code  of the protocol, or "not_connected" or "unknown"
   * @param {string} msg  a sentence
   * @param {boolean} [retry]  whether the same may be said again as it is
   * @param {number} [afterMs]  and how much later
   */
  constructor(code, msg, retry = false, afterMs = 0) {
    super(msg);
    this.code = code;
    this.msg = msg;
    this.retry = retry;
    this.afterMs = afterMs;
  }
}

/** @typedef {{settle: (error: NotPublished | null, seq?: number) => void}} Said */

export class Publishing {
  /** @type {Map<unknown, Said>} by the id of the request */
  #said = new Map();
  #count = 0;
  #send;
  #timers;

  /**
   * @param {(message: Publish) => boolean} send  false where nothing can be said now
   * @param {Timers} timers
   */
  constructor(send, timers) {
    this.#send = send;
    this.#timers = timers;
  }

  /**
   * @param {string} ch
   * @param {unknown} data
   * @param {number} [bytesMost]  that a message may have
   * @returns {Promise<{seq: number}>} rejects with NotPublished
   */
  publish(ch, data, bytesMost = Infinity) {
    return new Promise((resolve, reject) => {
      const id = `p${(this.#count += 1)}`; // a word: the numbers are those of subscriptions
      /** @type {Publish} */
      const message = { op: "publish", id, ch, data };
      // A server ends a connection that says too much at once, for all panels of the page.
      if (new TextEncoder().encode(JSON.stringify(message)).length > bytesMost) {
        return reject(new NotPublished("payload_too_large", `A message has at most ${bytesMost} bytes.`));
      }
      if (!this.#send(message)) {
        return reject(new NotPublished("not_connected", "There is no WebSocket to say it over now.", true));
      }
      const timer = this.#timers.setTimeout(() => this.#said.get(id)?.settle(unknown("No answer came")), ANSWER_MS);
      const settle = (/** @type {NotPublished | null} */ error, seq = 0) => {
        this.#timers.clearTimeout(timer);
        this.#said.delete(id);
        if (error === null) resolve({ seq });
        else reject(error);
      };
      this.#said.set(id, { settle });
    });
  }

  /**
   * @param {Message} message  `ok` or `error`
   * @returns {boolean} whether it was the answer to something published
   */
  take({ type, id, seq, code, msg, retry, after_ms }) {
    const said = this.#said.get(id);
    if (said === undefined) return false;
    if (type === "ok") said.settle(null, seq);
    else said.settle(new NotPublished(String(code), msg ?? String(code), retry === true, Number(after_ms ?? 0)));
    return true;
  }

  /** The connection has ended: what waits for an answer gets none. */
  lost() {
    for (const { settle } of [...this.#said.values()]) settle(unknown("The connection was lost"));
  }
}

/** @param {string} why */
function unknown(why) {
  return new NotPublished("unknown", `${why}: it may have been published, or not.`);
}
