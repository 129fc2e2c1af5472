/** What the market's values look like in the browser, told once for all modules. Prices stay strings until they are drawn. */

/**
 * One trade, as a `trade.` channel carries it.
 *
 * @typedef {object} Trade
 * @property {number} id  its number within the pair: 1, 2, 3… without gaps
 * @property {string} p  price
 * @property {string} q  quantity, base currency
 * @property {"buy" | "sell"} s  the taker's side
 * @property {number} ts  UTC ms
 */

/**
 * The newest prices and the last 24 hours of a pair, as a `ticker.` channel carries them. "" where nothing is known.
 *
 * @typedef {object} Ticker
 * @property {string} last
 * @property {string} bid
 * @property {string} ask
 * @property {string} open  24 hours ago
 * @property {string} high
 * @property {string} low
 * @property {string} vol  base currency
 * @property {string} qvol  quote currency
 * @property {string} chg  percent
 */

/**
 * One candle, as a `candle.` channel and REST carry it.
 *
 * @typedef {object} Candle
 * @property {number} open_ms
 * @property {string} open
 * @property {string} high
 * @property {string} low
 * @property {string} close
 * @property {string} volume  base currency
 * @property {string} quote_volume
 * @property {number} trades
 * @property {boolean} closed  true when it will not change any more
 */

/**
 * Where a reader of a channel stands. Resuming means: everything after this.
 *
 * @typedef {object} Position
 * @property {string | null} epoch  which numbering `seq` belongs to; null when not known
 * @property {number} seq
 */

/**
 * What a handler of a channel gets: in order, each item once, nothing missing in between.
 *
 * - "snapshot": `data` is the whole state, whatever was known before.
 * - "update": what came after; of a log `data` is the array of new items, of a state its newest value in full, and of
 *   `ticker.all` those pairs that changed.
 * - "reset": of a log; items are missing between what was heard and the next update (`from` is the first
 *   that will come). Read them over REST, or begin anew. `data` is null.
 *
 * @typedef {object} FeedEvent
 * @property {"snapshot" | "update" | "reset"} kind
 * @property {string} ch
 * @property {number} from
 * @property {number} seq
 * @property {number} ts  UTC ms of what happened; 0 when not told
 * @property {number} pt  UTC ms when it was published; 0 when not told
 * @property {string | null} epoch  which numbering `seq` belongs to: both together are a Position to come back with
 * @property {any} data  Trade[], Ticker, Candle… according to the channel
 */

/**
 * How to follow a channel.
 *
 * @typedef {object} FollowOptions
 * @property {0 | 100 | 250 | 1000} [throttle]  ms between updates; default 0 for logs, 100 for states
 * @property {Position} [position]  what the page knows already; a log goes on after it
 * @property {number} [last]  of a log without a position: begin so many items before the newest, as far as it is kept
 */

/** @typedef {"websocket" | "sse" | "longpoll" | "poll"} TransportName */

/** @typedef {"connecting" | "live" | "stale" | "reconnecting" | "offline" | "closed"} FeedState */

/**
 * How the connection is. Times are the browser's clock, UTC ms.
 *
 * @typedef {object} Status
 * @property {FeedState} state
 * @property {number} since  when this state began
 * @property {TransportName} transport
 * @property {TransportName | null} pinned
 * @property {string} server  the instance, "" when not known
 * @property {string} conn  the connection's id, "" when it has none
 * @property {string | null} user  whose connection it is; null for nobody's in particular
 * @property {Record<string, number>} limits  as the server's hello told them; none over other transports than WebSocket
 * @property {number | null} latencyMs  newest round trip; null when it is not measured
 * @property {number} offsetMs  the server's clock minus ours, as well as we know
 * @property {number | null} retryInMs  until the next attempt; null when none is planned
 * @property {number} attempt  1 for the first attempt after a loss
 * @property {number} lastHeardMs  when anything was heard last; 0 for never
 * @property {number} lastTradeMs  when a followed trade was heard last; 0 for never
 * @property {number} messagesPerS  mean of the last ten seconds
 * @property {number} gaps  holes found in the numbers, all healed or told as "reset"
 * @property {number} reconnects
 * @property {number | null} lastCode  of the last close
 * @property {string} reason  of the last close, as the other side put it
 * @property {string} lastError  the last error message of the server, "" for none
 * @property {"live" | "stale"} feed  whether the server hears the market
 * @property {number | null} feedSince  since when the server does not hear the market
 */

/**
 * One connection for the tab, shared by all its panels.
 *
 * @typedef {object} Feed
 * @property {(ch: string, options: FollowOptions, handler: (event: FeedEvent) => void) => (() => void)} follow
 *   Begin to hear a channel; the answer ends it. Panels that follow the same channel share one subscription.
 * @property {(name: "status", handler: (status: Status) => void) => (() => void)} on
 * @property {Status} status
 * @property {(ch: string, data: unknown) => Promise<{seq: number}>} publish
 *   Say something in a channel that takes it, such as `lobby`. Rejects with `{code, msg, retry, afterMs}`: the server's
 *   refusal; "not_connected" at once where no WebSocket is open, and nothing is kept for later; "unknown" where the
 *   connection ended before the answer: it may have been published, or not.
 * @property {(message: {op: string}) => boolean} send
 *   Say a message of the protocol as it is (channels come and go by `follow`). False when nothing was sent, because
 *   there is no connection or its transport only listens: nothing is kept for later.
 * @property {() => void} retryNow  connect now, also after a stop
 * @property {(name: TransportName | null) => void} pin  use this transport only; null chooses by itself again
 * @property {() => void} close
 */

export {};
