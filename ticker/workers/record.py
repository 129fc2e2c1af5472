"""Moves the streams into the database, and lets Redis forget what is recorded and old enough."""

import asyncio
import logging
import time
from collections import deque

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError  # also of a connection that is closed

from ticker.bus import trades as bus
from ticker.market.errors import Unavailable
from ticker.services import recording
from ticker.wire import batches
from ticker.workers.running import Trouble, pause

log = logging.getLogger(__name__)

GATHER_S = 0.25  # one transaction for what comes in this time: soon enough for readers, few enough for the disk
MOST_AT_ONCE = 2_000  # trades of one pair in one transaction, so that catching up never holds a lock for long
LOOK_FOR_PAIRS_EVERY_S = 1.0
TRIM_EVERY_S = 10.0


class Recorder:
    """Records every pair. Its place in each stream is the newest row in the table, so it may be killed anywhere."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}
        self._looked_at = self._trimmed_at = float("-inf")
        self._history: deque[tuple[float, dict[str, int]]] = deque()  # positions at earlier trimmings
        self._trouble = Trouble(log)

    async def run(self, stop: asyncio.Event) -> None:
        """Record until stopped. What we need is waited for, for as long as it takes; nothing is skipped."""
        log.info("recording")
        while not stop.is_set():
            try:
                await self._step()
                self._trouble.over()
            except (Unavailable, DatabaseError) as error:
                self._trouble.waits(error)
                self._looked_at = float("-inf")  # whether the last transaction was kept is asked, not guessed
                await pause(stop, 0.5)
            else:
                await pause(stop, GATHER_S)

    async def _step(self) -> None:
        at = time.monotonic()
        if at - self._looked_at >= LOOK_FOR_PAIRS_EVERY_S:
            self.positions = await database_sync_to_async(recording.positions)()
            self._looked_at = at
        if not self.positions:
            return
        found = await bus.wait(self.positions, count=MOST_AT_ONCE, block_ms=500)
        if found:
            trades = {symbol: batches.trades(symbol, (item for _, item in items)) for symbol, items in found.items()}
            self.positions |= await database_sync_to_async(recording.record)(trades)
        if at - self._trimmed_at >= TRIM_EVERY_S:
            await self._trim(at)
            self._trimmed_at = at

    async def _trim(self, at: float) -> None:
        """Keep what is not recorded, the newest STREAM_KEEP trades, and all of the last STREAM_KEEP_MS."""
        self._history.append((at, dict(self.positions)))
        while len(self._history) > 1 and at - self._history[1][0] >= settings.STREAM_KEEP_MS / 1000:
            self._history.popleft()
        then, positions = self._history[0]
        if at - then < settings.STREAM_KEEP_MS / 1000:
            return  # not watched for long enough to know what is old
        for symbol, seq in positions.items():
            first_kept = min(seq, self.positions[symbol] - settings.STREAM_KEEP) + 1
            if first_kept > 1:
                await bus.trim(symbol, first_kept)
