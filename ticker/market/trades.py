"""One trade, the event that everything else is derived from."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """What the taker did: a buy lifts the ask, a sell hits the bid."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade, as it happened; never changed afterwards."""

    pair: str  # "SOLUSDT"
    seq: int  # 1, 2, 3… within the pair, without gaps, for ever
    price: Decimal  # quote currency for one unit of base, a whole number of ticks
    qty: Decimal  # base currency, above zero
    side: Side  # of the taker
    time_ms: int  # UTC, milliseconds since 1970; never decreases with seq


@dataclass(frozen=True, slots=True)
class Quote:
    """The best prices at which somebody would buy and sell; bid < ask."""

    bid: Decimal
    ask: Decimal
