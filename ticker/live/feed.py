"""Whether prices are live: what this process has heard of the feed, judged by its own clock."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

from django.conf import settings

from ticker.bus import latest, logs
from ticker.market.errors import Unavailable
from ticker.wire import groups, messages
from ticker.wire.messages import Message

log = logging.getLogger(__name__)

JUDGE_EVERY_S = 0.25
PAUSED_S = 1.5  # between two judgements: this process was stopped, and whether the feed was silent it does not know


class Feed:
    """Where prices come from, as far as this process knows."""

    def __init__(self) -> None:
        self.symbols: frozenset[str] = frozenset()  # the pairs that it feeds; none before it was heard
        self.is_live = True
        self._since_ms = 0  # when it became stale
        self._told_ms = 0  # by the feed's own clock
        self._heard_at = float("-inf")

    def start(self) -> None:
        """Silence counts from here."""
        self.heard()

    def heard(self) -> None:
        """It has said something."""
        self._heard_at = asyncio.get_running_loop().time()

    async def look(self) -> None:
        """See in Redis what it said last. Raises Unavailable."""
        state = await latest.afeed_state()
        if state is None:
            return
        self.symbols = frozenset(state.symbols)
        if state.time_ms != self._told_ms:
            # Its age is judged by our own clock from here on: two machines' clocks need not agree.
            age_s = 0.0 if self._told_ms else max(0.0, time.time() - state.time_ms / 1000)
            self._told_ms = state.time_ms
            self._heard_at = asyncio.get_running_loop().time() - age_s

    @property
    def status(self) -> Message:
        """What clients are told while prices are not live."""
        return messages.status(feed="stale", since=self._since_ms)

    async def changes(self) -> AsyncIterator[bool]:
        """Whether prices are live, each time that this becomes otherwise; noticed soon, as looking at Redis may hang."""
        judged_at = self._heard_at
        while True:
            now = asyncio.get_running_loop().time()
            if now - judged_at > PAUSED_S:
                self.heard()  # it was us who could not hear: silence counts from here
            judged_at = now
            silent_s = now - self._heard_at
            is_live = silent_s * 1000 < settings.STALE_AFTER_MS
            if is_live != self.is_live:
                self.is_live = is_live
                if not is_live:
                    self._since_ms = int((time.time() - min(silent_s, 86_400)) * 1000)
                log.warning("the feed is %s", "live" if is_live else "stale")
                yield is_live
                await self._tell()
            await asyncio.sleep(JUDGE_EVERY_S)

    async def _tell(self) -> None:
        """Say it in the system's log too; of several instances the first one does."""
        state = "live" if self.is_live else "stale"
        text = "Prices are live again." if self.is_live else "No prices come in: what is shown is getting old."
        item = {"kind": "feed", "feed": state, "since": self._since_ms, "text": text}
        try:
            await logs.aappend(groups.SYSTEM, item, once=("feed", state))
        except Unavailable:
            pass  # without Redis there is nobody to tell; who follows here has been told
