"""The names of what clients follow: `trade.SOLUSDT`, `ticker.SOLUSDT`, `candle.SOLUSDT.1m`."""

import re
from dataclasses import dataclass
from enum import StrEnum

from ticker.market.candles import INTERVALS

NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}", re.ASCII)


class Mode(StrEnum):
    LOG = "log"  # every item counts
    STATE = "state"  # only the newest counts


@dataclass(frozen=True, slots=True)
class Channel:
    """Something to follow. Two channels with the same name are equal."""

    name: str
    kind: str  # "trade", "ticker", "candle"
    symbol: str
    interval: str = ""  # of candles

    @property
    def mode(self) -> Mode:
        return Mode.LOG if self.kind == "trade" else Mode.STATE

    @property
    def throttle(self) -> int:
        """The default throttle in ms: a log is told at once, a state ten times a second."""
        return 0 if self.mode is Mode.LOG else 100


def parse(name: str) -> Channel | None:
    """The channel of this name; None for a name that no channel can have. Whether its pair exists is not asked."""
    if not NAME.fullmatch(name):
        return None
    match name.split("."):
        case ["trade" | "ticker" as kind, symbol] if symbol:
            return Channel(name, kind, symbol)
        case ["candle", symbol, interval] if symbol and interval in INTERVALS:
            return Channel(name, "candle", symbol, interval)
    return None
