"""A record to read from: pairs, and trades that were recorded as the recorder does it."""

from collections.abc import Iterable, Sequence

from tests.kit.builders import pair_row, trade
from ticker.market.trades import Side, Trade
from ticker.models import Pair
from ticker.services import recording


def recorded(trades: Sequence[Trade], **columns: object) -> Pair:
    """The pair of these trades, with them in its record."""
    symbol = trades[0].pair
    pair = Pair.objects.filter(symbol=symbol).first() or pair_row(symbol, **columns)
    recording.record({symbol: trades})
    pair.refresh_from_db()
    return pair


def run_of(count: int, *, at: int = 0, every_ms: int = 1_000, first: int = 1, pair: str = "SOLUSDT") -> list[Trade]:
    """So many trades from `at` on, each a tick from the one before, buys and sells in turn."""
    return [
        trade(
            f"{142 + number % 5 / 100:.2f}",
            qty=f"0.{number % 9 + 1:03d}",
            at=at + number * every_ms,
            seq=first + number,
            side=Side.BUY if number % 2 else Side.SELL,
            pair=pair,
        )
        for number in range(count)
    ]


def ids(rows: Iterable[dict[str, object]]) -> list[object]:
    return [row["id"] for row in rows]
