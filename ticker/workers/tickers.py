"""Tells which tickers have changed: those of all pairs that did since the last time, in one message."""

from collections.abc import Mapping

from ticker.bus import tickers as bus
from ticker.bus.locks import Lease


class Tickers:
    """The only writer of the tickers of all pairs, as long as its lease holds."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._told: dict[str, bytes] = {}
        self._is_sure = False  # whether Redis has what we have told, and nothing else

    def doubt(self) -> None:
        """Somebody else may have told others, or Redis may have lost them: tell all the next time."""
        self._is_sure = False

    async def tell(self, tickers: Mapping[str, bytes], *, time_ms: int) -> None:
        """Tell those of the newest `tickers`, by symbol, that have changed. A pair that is not among them is gone.

        Raises bus.Fenced; Unavailable when Redis is away: then all are told the next time.
        """
        are_all = not self._is_sure or bool(self._told.keys() - tickers.keys())
        changed = {symbol: ticker for symbol, ticker in tickers.items() if are_all or self._told.get(symbol) != ticker}
        if not changed:
            return
        self._is_sure = False
        await bus.tell(changed, time_ms=time_ms, are_all=are_all, fence=self._lease.fence, token=self._lease.token)
        self._told, self._is_sure = dict(tickers), True
