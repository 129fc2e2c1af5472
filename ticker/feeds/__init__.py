"""Where prices come from."""

from typing import Protocol

from ticker.market.simulation import Conditions
from ticker.market.trades import Quote, Trade


class Feed(Protocol):
    """The trades of one pair, asked for again and again by who publishes them."""

    conditions: Conditions  # as staff have set them

    @property
    def quote(self) -> Quote: ...

    def trades(self, now_ms: int) -> list[Trade]:
        """What was traded since the last call."""

    def halt(self, now_ms: int) -> None:
        """Nothing was traded since the last call, and time has passed."""
