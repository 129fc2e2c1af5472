"""What a stream of bytes is asked while it passes: how many trades, how old, how many are missing."""

import math
import re
from collections.abc import Iterable, Iterator

STAMP = re.compile(rb'"seq": ?(\d+), ?"ts": ?(\d+)')


class Counter:
    """Counts a mark in a stream of chunks, also where it is cut in two."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._rest = b""

    def count(self, chunk: bytes) -> int:
        """How many marks end in this chunk."""
        data = self._rest + chunk
        self._rest = data[1 - len(self._mark) :]  # shorter than the mark: none is counted twice
        return data.count(self._mark)


class Frames:
    """Takes a server's stream apart into messages (RFC 6455, section 5.2)."""

    def __init__(self) -> None:
        self._data = bytearray()

    def take(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The opcode and payload of each frame that this chunk completes."""
        self._data += chunk
        data = self._data
        at = 0
        while len(data) >= at + 2:
            start, size = at + 2, data[at + 1] & 0x7F
            if size == 126:
                start, size = at + 4, int.from_bytes(data[at + 2 : at + 4], "big")
            elif size == 127:
                start, size = at + 10, int.from_bytes(data[at + 2 : at + 10], "big")
            if len(data) < start + size:
                break
            yield data[at] & 0x0F, bytes(data[start : start + size])
            at = start + size
        del data[:at]


class Sample:
    """How old the trades of one client are when they arrive, and which never do."""

    def __init__(self) -> None:
        self.ages_ms: list[float] = []
        self.missing = 0
        self._seq = 0

    def add(self, payload: bytes, now_ms: float) -> None:
        """A message; one that holds no trade is passed over."""
        if found := STAMP.search(payload):
            seq = int(found[1])
            if self._seq:
                self.missing += max(0, seq - self._seq - 1)
            self._seq = seq
            self.ages_ms.append(now_ms - int(found[2]))

    def restart(self) -> None:
        """Forget what was measured so far, but not which trade comes next."""
        self.ages_ms, self.missing = [], 0


def percentile(values: Iterable[float], percent: float) -> float:
    """The value that so many percent do not exceed (nearest rank). Raises ValueError where there is none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def text_frame(text: bytes) -> bytes:
    """A client's text of less than 64 KiB. Masked, as the law asks, with a mask of zeros: nobody is between us."""
    size = bytes((0x80 | len(text),)) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text
