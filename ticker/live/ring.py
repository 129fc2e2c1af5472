"""The newest items of a log, in memory: who comes back after a moment costs no read of Redis."""

from collections.abc import Sequence


class Ring:
    """Consecutive items up to the newest; at most `most`, the oldest are dropped."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: list[bytes] = []
        self._last = 0

    @property
    def first(self) -> int:
        """The number of the oldest item; one above the newest if there is none."""
        return self._last - len(self._items) + 1

    def start(self, last: int, items: Sequence[bytes]) -> None:
        """Forget everything; the newest item is now `last`."""
        self._items = list(items)
        self._last = last

    def append(self, items: Sequence[bytes]) -> None:
        self._items += items
        self._last += len(items)
        # Cutting a list costs its length: cut seldom, and then a good piece.
        if len(self._items) > self._most + self._most // 4:
            del self._items[: len(self._items) - self._most]

    def prepend(self, items: Sequence[bytes]) -> None:
        """Items that end just before `first`."""
        self._items = [*items, *self._items]

    def after(self, seq: int) -> list[bytes]:
        """The items after `seq`, which must be no older than `first` - 1."""
        return self._items[max(0, seq - self.first + 1) :]
