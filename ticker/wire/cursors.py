"""One position over several channels, for transports that carry it in an address: `a81c20:88127,1050`."""

import hashlib
import re
from collections.abc import Sequence

from ticker.wire.channels import Channel

_CURSOR = re.compile(r"([0-9a-f]{12}):(\d{1,19}(?:,\d{1,19})*)", re.ASCII)


def _hash(channels: Sequence[Channel], epochs: Sequence[str]) -> str:
    named = ",".join(f"{channel.name}={epoch}" for channel, epoch in zip(channels, epochs, strict=True))
    return hashlib.sha256(named.encode()).hexdigest()[:12]


def dump(channels: Sequence[Channel], epochs: Sequence[str], seqs: Sequence[int]) -> str:
    """The cursor of these channels, of these epochs, at these positions."""
    return f"{_hash(channels, epochs)}:{','.join(map(str, seqs))}"


def load(cursor: str, channels: Sequence[Channel], epochs: Sequence[str]) -> list[int] | None:
    """The positions in a cursor, or None where it belongs to other channels or to another epoch.

    Raises ValueError for what can be no cursor.
    """
    match = _CURSOR.fullmatch(cursor)
    if not match:
        raise ValueError("no cursor: expected one that this address has given out")
    seqs = [int(number) for number in match[2].split(",")]
    if match[1] != _hash(channels, epochs) or len(seqs) != len(channels) or max(seqs) >= 2**63:
        return None
    return seqs
