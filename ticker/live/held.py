"""What is kept for a client that cannot follow: a log in order, of a state only the newest, and nothing looks like loss."""

from ticker.wire.channels import Channel, Mode
from ticker.wire.messages import Message, Update


class Held:
    """Messages that wait for one client. A state's newer update takes the place of the older and covers its range."""

    def __init__(self) -> None:
        self.size = 0  # bytes
        self._messages: dict[object, Message] = {}  # in the order in which they will be said

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, message: Message) -> None:
        key: object = message  # equal only to itself
        if isinstance(message, Update) and message.channel.mode is Mode.STATE:
            older = self._pop(message.channel)
            if older is not None:
                message = message.over(older)
            # A closed candle is told even if a newer one comes.
            key = message if message.final else message.channel
        self._messages[key] = message
        self.size += len(message.text)

    def _pop(self, channel: Channel) -> Update | None:
        older = self._messages.pop(channel, None)
        if not isinstance(older, Update):
            return None
        self.size -= len(older.text)
        return older

    def take(self) -> list[Message]:
        """Everything, in order; nothing is held afterwards."""
        taken = list(self._messages.values())
        self._messages.clear()
        self.size = 0
        return taken
