/** What the rooms of the feed say to each other. */

/** @import { TransportName } from "../types.js" */

/**
 * A message of the protocol, as it came. What we do not know is ignored, and all but `type` may be absent.
 *
 * @typedef {object} Message
 * @property {string} type
 * @property {string} [ch]
 * @property {number | string} [id]
 * @property {number} [from]
 * @property {number} [seq]
 * @property {number} [ts]
 * @property {number} [pt]
 * @property {any} [data]
 * @property {string} [epoch]
 * @property {"log" | "state" | "delta"} [mode]
 * @property {"ok" | "reset"} [resume]
 * @property {string} [conn]
 * @property {string | null} [user]
 * @property {Record<string, number>} [limits]
 * @property {string} [server]
 * @property {number} [time]
 * @property {number} [hb_ms]
 * @property {Record<string, number>} [top]
 * @property {"live" | "stale"} [feed]
 * @property {number} [since]
 * @property {number | string} [code]
 * @property {string} [reason]
 * @property {string} [msg]
 * @property {boolean} [retry]
 * @property {boolean} [reconnect]
 * @property {number | [number, number]} [after_ms]
 */

/**
 * One channel as `subscribe` names it; the position is left out where nothing is known yet.
 *
 * @typedef {{ch: string, throttle?: number, epoch?: string, seq?: number}} Wish
 */

/** @typedef {{op: "subscribe", id: number, channels: Wish[]}} Subscribe */
/** @typedef {{op: "unsubscribe", id: number, channels: string[]}} Unsubscribe */
/** @typedef {{op: "ping", id: number}} Ping */
/** @typedef {{op: "publish", id: string, ch: string, data: unknown}} Publish */
/** @typedef {Subscribe | Unsubscribe | Ping | Publish} Request */

/**
 * What a transport tells. The first message is a hello; after `close`, which comes once at most, it is silent.
 *
 * @typedef {object} Events
 * @property {(message: Message) => void} message
 * @property {(code: number, reason: string) => void} close
 */

/**
 * An open transport. `send` answers false where the message cannot arrive; `close` ends it without an event.
 *
 * @typedef {{name: TransportName, send: (request: Request) => boolean, close: () => void}} Line
 */

/** @typedef {(url: string, events: Events, browser: Browser) => Line} Open */

/**
 * What the browser owns and tests replace.
 *
 * @typedef {object} Browser
 * @property {typeof WebSocket} WebSocket
 * @property {typeof EventSource} EventSource
 * @property {typeof fetch} fetch
 * @property {() => number} now  UTC ms
 * @property {() => number} random
 * @property {Timers} timers
 * @property {Bookmark} bookmark
 */

/** @typedef {Pick<typeof globalThis, "setTimeout" | "clearTimeout" | "setInterval" | "clearInterval">} Timers */

/**
 * The newest cursor of the HTTP transports and the channels that it speaks of. It outlives a connection.
 *
 * @typedef {{channels: string, cursor: string}} Bookmark
 */

export {};
