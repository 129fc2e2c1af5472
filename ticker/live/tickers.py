"""The tickers of all pairs as this process hears them: one channel, of which each message has the pairs that changed."""

from ticker.bus import tickers as bus
from ticker.live.source import Source
from ticker.live.topics import Cork, News
from ticker.market.errors import Unavailable
from ticker.wire import groups, messages, tickers
from ticker.wire.channels import Channel


class TickersStream(Source):
    """Hears which tickers have changed."""

    def __init__(self, channel: Channel, cork: Cork) -> None:
        super().__init__(groups.TICKERS, bus.head_of(), cork)
        self.channel = channel
        self._tickers: dict[str, bytes] = {}
        self._head_ms = 0

    async def load(self) -> None:
        found = await bus.read()
        if not found[0]:
            raise Unavailable("no ticker has been told yet")
        self.epoch, self.seq, self._head_ms, self._tickers = found

    def hear(self, text: str) -> None:
        if self.is_reading:
            return
        changed = tickers.load(text)
        if changed.epoch != self.epoch or changed.seq > self.seq + 1:
            self.fill()
        elif changed.seq == self.seq + 1:
            parts = {symbol: bytes(ticker) for symbol, ticker in changed.tickers.items()}
            self._tickers |= parts
            self._advance(changed.seq, changed.t, parts)

    def _advance(self, seq: int, time_ms: int, parts: dict[str, bytes]) -> None:
        self.seq, self._head_ms = seq, time_ms
        if topic := self._topics.get(self.channel):
            topic.news(News(seq, time_ms, time_ms, [], parts=parts))

    async def _read(self) -> None:
        epoch, seq, time_ms, found = await bus.read()
        if not epoch:
            return  # emptied; the feed will begin it anew
        if epoch != self.epoch or seq < self.seq:  # a Redis that was cut off may have lost its last second
            self.epoch, self.seq, self._head_ms, self._tickers = epoch, seq, time_ms, found
            self._began_anew("epoch")
        elif seq > self.seq:
            parts = {symbol: ticker for symbol, ticker in found.items() if self._tickers.get(symbol) != ticker}
            self._tickers = found
            self._advance(seq, time_ms, parts)

    def state(self, channel: Channel) -> bytes:
        return messages.parts(self._tickers)

    @property
    def head_ms(self) -> int:
        return self._head_ms
