"""Market values with everything that a test does not care about filled in."""

from decimal import Decimal

from ticker import models
from ticker.market.candles import Candle
from ticker.market.pairs import pair_of
from ticker.market.trades import Side, Trade


def trade(
    price: str | Decimal,
    *,
    at: int = 0,
    qty: str | Decimal = "1",
    seq: int = 1,
    side: Side = Side.BUY,
    pair: str = "SOLUSDT",
) -> Trade:
    """A trade at this price, `at` UTC ms."""
    return Trade(pair, seq, Decimal(price), Decimal(qty), side, at)


def candle(
    open_: str | Decimal,
    high: str | Decimal | None = None,
    low: str | Decimal | None = None,
    close: str | Decimal | None = None,
    *,
    at: int = 0,
    volume: str | Decimal = "1",
    quote_volume: str | Decimal | None = None,
    trades: int = 1,
) -> Candle:
    """A candle that opens `at` UTC ms; prices that are not given follow from those that are."""
    opened = Decimal(open_)
    closed = opened if close is None else Decimal(close)
    return Candle(
        open_ms=at,
        open=opened,
        high=max(opened, closed) if high is None else Decimal(high),
        low=min(opened, closed) if low is None else Decimal(low),
        close=closed,
        volume=Decimal(volume),
        quote_volume=closed * Decimal(volume) if quote_volume is None else Decimal(quote_volume),
        trades=trades,
    )


def pair_row(symbol: str = "SOLUSDT", **columns: object) -> models.Pair:
    """A row of the pairs table, with the known ticks of its symbol unless told otherwise."""
    value = pair_of(symbol)
    return models.Pair.objects.create(
        **{
            "symbol": value.symbol,
            "base": value.base,
            "quote": value.quote,
            "price_tick": value.price_tick,
            "qty_step": value.qty_step,
            "start_price": value.start_price,
            "volatility": value.volatility,
        }
        | columns
    )
