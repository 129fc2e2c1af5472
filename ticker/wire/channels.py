"""The names of what clients follow: `trade.SOLUSDT`, `candle.SOLUSDT.1m`, `ticker.all`, `lobby`, `me.notifications`."""

import re
from dataclasses import dataclass
from enum import StrEnum

from ticker.market.candles import INTERVALS
from ticker.wire import groups

NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}", re.ASCII)


class Mode(StrEnum):
    LOG = "log"  # every item counts
    STATE = "state"  # only the newest counts


@dataclass(frozen=True, slots=True)
class Channel:
    """Something to follow. Two channels of the same name and source are equal."""

    name: str
    kind: str  # "trade", "ticker", "candle", "tickers", "log"
    source: str  # the group that tells of it: `pair.SOLUSDT`
    symbol: str = ""  # of the pair, if it is about one
    interval: str = ""  # of candles

    @property
    def mode(self) -> Mode:
        return Mode.LOG if self.kind in ("trade", "log") else Mode.STATE

    @property
    def throttle(self) -> int:
        """The default throttle in ms: a log is told at once, a state ten times a second."""
        return 0 if self.mode is Mode.LOG else 100

    @property
    def is_publishable(self) -> bool:
        """Whether clients may publish in it."""
        return self.source == groups.LOBBY


def parse(name: str, user_id: int | None = None) -> Channel | None:
    """The channel of this name; None for a name that no channel can have. Whether its pair exists is not asked.

    What is private is each user's own; to nobody in particular its source is empty.
    """
    if not NAME.fullmatch(name):
        return None
    match name.split("."):
        case ["ticker", "all"]:
            return Channel(name, "tickers", groups.TICKERS)
        case ["trade" | "ticker" as kind, symbol] if symbol:
            return Channel(name, kind, groups.of_pair(symbol), symbol)
        case ["candle", symbol, interval] if symbol and interval in INTERVALS:
            return Channel(name, "candle", groups.of_pair(symbol), symbol, interval)
        case ["lobby"]:
            return Channel(name, "log", groups.LOBBY)
        case ["system"]:
            return Channel(name, "log", groups.SYSTEM)
        case ["me", "notifications" | "backtests" as what]:
            return Channel(name, "log", groups.of_user(user_id, what) if user_id is not None else "")
    return None
