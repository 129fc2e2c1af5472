"""A pair's stream in a test's hands, written as by a feed that holds the lease."""

from collections.abc import Sequence

from redis import Redis

from ticker.bus import trades as bus
from ticker.bus.latest import Head
from ticker.bus.locks import Lease
from ticker.bus.redis import key
from ticker.market.trades import Trade
from ticker.wire import batches


class Stream:
    """Writes one pair's stream."""

    def __init__(self, symbol: str, lease: Lease) -> None:
        self.symbol, self.lease = symbol, lease
        self.epoch, self.seq = "", 0

    async def open(self, recorded_seq: int = 0) -> Head:
        head = await bus.open_stream(
            self.symbol, recorded_seq=recorded_seq, fence=self.lease.fence, token=self.lease.token
        )
        self.epoch, self.seq = head.epoch, head.seq
        return head

    async def write(self, trades: Sequence[Trade], **changes: object) -> int:
        """Append these, and whatever a test says otherwise than it should be; the ticker's number."""
        told: dict[str, object] = {
            "epoch": self.epoch,
            "from_seq": self.seq + 1,
            "time_ms": trades[-1].time_ms if trades else 0,
            "trade_ms": trades[-1].time_ms if trades else 0,
            "ticker": b'{"last":"1"}',
            "board": b"",
            "longest": 1_000_000,
            "fence": self.lease.fence,
            "token": self.lease.token,
        }
        number = await bus.append(self.symbol, [batches.item(one) for one in trades], **told | changes)  # type: ignore[arg-type]
        self.seq += len(trades)
        return number


def written(redis: Redis, symbol: str = "SOLUSDT") -> list[Trade]:
    """Everything that Redis holds of a pair's trades; each is where its number says."""
    found = redis.xrange(key("trades", symbol))
    trades = batches.trades(symbol, (fields[b"d"] for _, fields in found))
    assert [entry_id.decode() for entry_id, _ in found] == [f"{trade.seq}-0" for trade in trades]
    return trades


def seqs(trades: Sequence[Trade]) -> list[int]:
    return [trade.seq for trade in trades]


def empty(redis: Redis) -> None:
    """Redis has lost everything of ours."""
    for name in redis.scan_iter(match=key("*"), count=1_000):
        redis.delete(name)
