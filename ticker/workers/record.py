"""Moves the streams into the database, and lets Redis forget what is recorded and old enough."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError  # also of a connection that is closed

from ticker.bus import logs
from ticker.bus import record as bus
from ticker.market.errors import Unavailable
from ticker.services import instance, recording
from ticker.wire import groups
from ticker.workers.running import Trouble, pause

log = logging.getLogger(__name__)

GATHER_S = 0.25  # one transaction for what comes in this time: soon enough for readers, few enough for the disk
MOST_AT_ONCE = 5_000  # trades of one pair in one transaction, so that catching up never holds a lock for long
LOOK_EVERY_S = 1.0  # at the pairs, and at who else records
TRIM_EVERY_S = 10.0
GONE_AFTER_MS = 4_000  # a recorder that was silent for so long has died or stands still: the others have its pairs
WATCH_EVERY_S = 1.0
LATE_AFTER_S = 5.0


def share(symbols: Sequence[str], recorders: Sequence[str], name: str) -> list[str]:
    """The pairs that this one of the recorders has; every pair is somebody's, and all have about as many.

    Recorders that see each other come or go at different moments may have the same pair for a while. That does no
    harm: each adds to a pair's record under the lock of its row, and passes over what is there already.
    """
    return list(symbols[recorders.index(name) :: len(recorders)])


class Recorder:
    """Records its share of the pairs. Its place in each stream is in the database, so it may be killed anywhere."""

    def __init__(self) -> None:
        self.name = f"{instance.name}/{time.time_ns()}"
        self.positions: dict[str, int] = {}  # the newest recorded trade of each pair that is ours
        self._looked_at = self._trimmed_at = float("-inf")
        self._trouble = Trouble(log)

    async def run(self, stop: asyncio.Event) -> None:
        """Record until stopped. What we need is waited for, for as long as it takes; nothing is skipped."""
        log.info("recording")
        ended = asyncio.Event()
        watching = asyncio.create_task(self._watch(ended))
        try:
            await self._record(stop, watching)
        finally:
            ended.set()  # a cancellation alone may get lost: in Python 3.11 wait_for, where redis-py sends, swallows some
            watching.cancel()
            await asyncio.wait({watching})
        try:
            await bus.leave(self.name)
        except Unavailable:
            log.warning("could not say goodbye; the others notice by themselves")

    async def _record(self, stop: asyncio.Event, watching: asyncio.Task[None]) -> None:
        while not stop.is_set():
            if watching.done():
                watching.result()  # raises what it could not go on after
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
        if at - self._looked_at >= LOOK_EVERY_S:
            recorders = await bus.present(self.name, GONE_AFTER_MS)
            known = await database_sync_to_async(recording.positions)()
            self.positions = {symbol: known[symbol] for symbol in share(sorted(known), recorders, self.name)}
            self._looked_at = at
        if not self.positions:
            return
        found = await bus.read(self.positions, count=MOST_AT_ONCE, block_ms=500)
        if found:
            recorded = await database_sync_to_async(_record)(found)
            self.positions |= recorded
            await bus.mark(recorded)
        if at - self._trimmed_at >= TRIM_EVERY_S:
            for symbol, seq in self.positions.items():
                await bus.forget(symbol, seq, keep=settings.STREAM_KEEP, keep_ms=settings.STREAM_KEEP_MS)
            self._trimmed_at = at

    async def _watch(self, ended: asyncio.Event) -> None:
        """Notice when recording falls behind, also while the database does not answer, and say so."""
        lag = Lag(LATE_AFTER_S)
        while not ended.is_set():
            try:
                ours = dict(self.positions)
                published = await bus.published(ours)
                late = lag.late(time.monotonic(), published, ours)
                if (changed := await bus.tell_late(late, ours.keys() - late)) is not None:
                    await _tell(changed, sum(published[symbol] - ours[symbol] for symbol in late))
            except Unavailable:
                pass  # nobody can be told; `_record` says it in the log
            await pause(ended, WATCH_EVERY_S)


def _record(found: Mapping[str, Sequence[tuple[int, bytes]]]) -> dict[str, int]:
    return recording.record({symbol: recording.read(symbol, entries) for symbol, entries in found.items()})


async def _tell(is_late: bool, trades: int) -> None:
    if is_late:
        text = f"The record is {trades:,} trades behind. None is lost: they wait in Redis until they are recorded."
        log.warning("late: %d trades wait to be recorded", trades)
    else:
        text = "The record has caught up."
        log.warning("caught up")
    state = "late" if is_late else "caught up"
    await logs.aappend(groups.SYSTEM, {"kind": "recorder", "text": text, "state": state}, once=("recorder", state))


class Lag:
    """Which pairs are late: something that was published so long ago is still not recorded.

    By our own clock and not by the trades': a replayed market runs at another speed, and clocks are set.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._seen: deque[tuple[float, Mapping[str, int]]] = deque()

    def late(self, at_s: float, published: Mapping[str, int], recorded: Mapping[str, int]) -> set[str]:
        self._seen.append((at_s, published))
        while len(self._seen) > 1 and at_s - self._seen[1][0] >= self._after_s:
            self._seen.popleft()
        then_s, then = self._seen[0]
        if at_s - then_s < self._after_s:
            return set()
        # A stream that begins anew behind the record counts from lower numbers: what is there now, counts too.
        return {
            symbol
            for symbol, seq in recorded.items()
            if symbol in then and symbol in published and min(then[symbol], published[symbol]) > seq
        }
