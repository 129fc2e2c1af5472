"""A short log as this process hears it: the lobby, the system's, or one user's own."""

from ticker.bus import logs as bus
from ticker.live import metrics
from ticker.live.ring import Ring
from ticker.live.source import Source
from ticker.live.topics import Cork, News
from ticker.wire import logs
from ticker.wire.channels import Channel


class LogStream(Source):
    """Hears one log, which is one channel."""

    def __init__(self, channel: Channel, cork: Cork) -> None:
        super().__init__(channel.source, bus.head_of(channel.source), cork)
        self.channel = channel
        self._ring = Ring(bus.KEPT)
        self._head_ms = 0

    async def load(self) -> None:
        self._start(*await bus.after(self.group, 0))

    def _start(self, epoch: str, seq: int, entries: list[tuple[int, bytes]]) -> None:
        self.epoch, self.seq = epoch, seq
        self._ring.start(seq, [item for _, item in entries])

    def hear(self, text: str) -> None:
        if self.is_reading:
            return
        added = logs.load(text)
        if added.epoch != self.epoch or added.seq > self.seq + 1:
            self.fill()
        elif added.seq == self.seq + 1:
            self._advance([bytes(added.item)], added.ts)

    def _advance(self, items: list[bytes], ts: int) -> None:
        self.seq += len(items)
        self._head_ms = max(self._head_ms, ts)
        self._ring.append(items)
        if topic := self._topics.get(self.channel):
            topic.news(News(self.seq, ts, ts, items))

    async def _read(self) -> None:
        epoch, seq, entries = await bus.after(self.group, self.seq)
        # A Redis that was cut off may have lost its last second: then numbers that were told are given again.
        is_other = epoch != self.epoch or seq < self.seq
        if is_other or (entries and entries[0][0] != self.seq + 1):
            why = "epoch" if is_other else "window"
            self._start(*await bus.after(self.group, 0))
            self._began_anew(why)
        elif entries:
            metrics.FILLED.inc(len(entries))
            self.filled += len(entries)
            self._advance([item for _, item in entries], logs.ts_of(entries[-1][1]))

    @property
    def first(self) -> int:
        return self._ring.first

    def after(self, seq: int) -> list[bytes]:
        return self._ring.after(seq)

    @property
    def head_ms(self) -> int:
        return self._head_ms
