"""What is kept for a client that cannot follow: a log in order, of a state only the newest, and nothing looks like loss."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ticker.wire.channels import Channel, Mode
from ticker.wire.messages import Message, Update


@dataclass(slots=True)
class Taken:
    """What was held, ready to be sent."""

    data: bytes
    count: int  # of messages
    seqs: dict[Channel, int] = field(default_factory=dict)  # where the client then stands


class Held:
    """Messages that wait for one client. A state's newer update takes the place of the older and covers its range.

    What cannot be merged any more is kept as the bytes that will be sent: thousands of objects would be three times
    as much.
    """

    def __init__(self, encoded: Callable[[Message], bytes]) -> None:
        self._encoded = encoded
        self._forget()

    def _forget(self) -> None:
        self.size = 0  # bytes
        self._count = 0
        self._seqs: dict[Channel, int] = {}
        self._states: dict[Channel, int] = {}  # where the newest update of a state waits
        self._waiting: dict[int, Update | bytearray] = {}  # in the order in which they will be sent
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, message: Message) -> None:
        """Keep a message until it is taken."""
        if message.channel is not None:
            self._seqs[message.channel] = message.seq
            if not isinstance(message, Update) and self._states.pop(message.channel, 0):
                self._count += 1  # what came before an introduction stays before it
        if isinstance(message, Update) and message.channel.mode is Mode.STATE:
            older = self._pop(message.channel)
            if older is not None:
                message = message.over(older)
            if not message.final:  # a closed candle is told even if a newer one comes
                self._states[message.channel] = self._put(message)
                self.size += len(message.text)
                return
        data = self._encoded(message)
        self.size += len(data)
        self._count += 1
        newest = self._waiting.get(self._number)
        if isinstance(newest, bytearray):
            newest += data
        else:
            self._put(bytearray(data))

    def _put(self, waiting: Update | bytearray) -> int:
        self._number += 1
        self._waiting[self._number] = waiting
        return self._number

    def _pop(self, channel: Channel) -> Update | None:
        number = self._states.pop(channel, None)
        older = self._waiting.pop(number) if number is not None else None
        if not isinstance(older, Update):
            return None
        self.size -= len(older.text)
        return older

    def take(self) -> Taken:
        """Everything, in order; nothing is held afterwards."""
        waiting = self._waiting.values()
        data = b"".join([bytes(one) if isinstance(one, bytearray) else self._encoded(one) for one in waiting])
        taken = Taken(data, self._count + len(self._states), self._seqs)
        self._forget()
        return taken
