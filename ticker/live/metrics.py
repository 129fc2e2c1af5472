"""What the live room counts, for /metrics."""

from prometheus_client import Counter, Gauge

FOLLOWERS = Gauge("tradedash_followers", "Clients connected to this instance", ["transport"])
SAID = Counter("tradedash_messages_said", "Messages given to clients of this instance")
FILLED = Counter("tradedash_trades_filled", "Trades that the group did not tell and the stream did")
SLOW = Counter("tradedash_slow_consumers", "Clients that were closed because they did not read")
