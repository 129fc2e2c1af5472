/** The browser's own transports with a counter at each, so that what is counted is what a page really uses. */

/** @import { Tally } from "../market/comparison.js" */
/** @import { Gate } from "./transports_gate.js" */

/** @typedef {{messages: number, isEmpty: boolean}} Content  of an answer */
/** @typedef {(status: number, body: string, address: URL) => Content} Read */

/**
 * @typedef {object} Counted
 * @property {typeof WebSocket} WebSocket
 * @property {typeof EventSource} EventSource
 * @property {typeof fetch} fetch
 * @property {() => boolean} cut  end what is open, as a lost network would; false where nothing was open
 */

const utf8 = new TextEncoder();

/**
 * @param {Tally} tally
 * @param {() => number} now  by the server's clock
 * @param {Read} read  what an answer over HTTP holds
 * @param {Gate} gate  through which all comes that is heard
 * @returns {Counted}
 */
export function counted(tally, now, read, gate) {
  /** How to cut what is open. @type {Set<() => void>} */
  const open = new Set();

  /** @param {() => void} cut @returns {() => void} to be called at the end, however it came */
  function opened(cut) {
    open.add(cut);
    tally.opened(now());
    return () => {
      if (open.delete(cut)) tally.closed(now());
    };
  }

  /** @param {string} text */
  function heard(text) {
    tally.messages += 1;
    tally.payload += utf8.encode(text).length;
  }

  class CountedSocket extends WebSocket {
    /** @type {((this: WebSocket, event: MessageEvent) => any) | null} */
    #listener = null;

    /** @param {string | URL} address */
    constructor(address) {
      super(address);
      tally.requests += 1; // a handshake is a GET
      this.addEventListener("open", () => {
        const closed = opened(() => this.close());
        this.addEventListener("close", closed);
      });
      this.addEventListener("message", (event) => {
        gate.pass(() => {
          heard(event.data);
          this.#listener?.call(this, event);
        });
      });
    }

    /** @override */
    get onmessage() {
      return this.#listener;
    }

    /** @override */
    set onmessage(listener) {
      this.#listener = listener;
    }
  }

  class CountedSource extends EventSource {
    #closed = () => {};

    /** @param {string | URL} address */
    constructor(address) {
      super(address);
      tally.requests += 1;
      this.addEventListener("open", () => {
        // The browser reports a lost stream as an error without data, and so do we.
        this.#closed = opened(() => this.dispatchEvent(new Event("error")));
      });
    }

    /**
     * @override
     * @param {string} type
     * @param {any} listener
     */
    addEventListener(type, listener) {
      super.addEventListener(type, (/** @type {Event} */ event) => {
        gate.pass(() => {
          if ("data" in event) heard(String(event.data));
          listener(event);
        });
      });
    }

    /** @override */
    close() {
      super.close();
      this.#closed();
    }
  }

  /** @type {typeof fetch} */
  async function countedFetch(address, init = {}) {
    const abort = new AbortController();
    const given = init.signal;
    const pass = () => abort.abort(given?.reason);
    given?.addEventListener("abort", pass);
    if (given?.aborted) pass();
    const closed = opened(() => abort.abort());
    tally.requests += 1;
    try {
      const response = await fetch(address, { ...init, signal: abort.signal });
      const body = await response.text();
      await gate.opened();
      tally.payload += utf8.encode(body).length;
      const { messages, isEmpty } = read(response.status, body, new URL(response.url));
      tally.messages += messages;
      if (isEmpty) tally.empty += 1;
      return new Response(response.status === 304 ? null : body, response);
    } finally {
      given?.removeEventListener("abort", pass); // one signal may outlive thousands of requests
      closed();
    }
  }

  return {
    WebSocket: CountedSocket,
    EventSource: CountedSource,
    fetch: countedFetch,
    cut() {
      const had = open.size > 0;
      for (const end of [...open]) end();
      return had;
    },
  };
}

/**
 * Have the browser tell what went over the wire, 300 bytes for the head of each answer included. It tells of answers
 * that came to their end; of a stream that we end, only the head; of a WebSocket never.
 *
 * @param {(address: URL, size: number) => void} hear
 * @returns {() => void} ends it
 */
export function watchTransfers(hear) {
  const sinceMs = performance.now();
  const observer = new PerformanceObserver((list) => {
    for (const entry of /** @type {PerformanceResourceTiming[]} */ (list.getEntries())) {
      if (entry.startTime >= sinceMs && entry.transferSize > 0) hear(new URL(entry.name), entry.transferSize);
    }
  });
  observer.observe({ type: "resource" });
  return () => observer.disconnect();
}
