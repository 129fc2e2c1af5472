"""Which instances there are: each says that it is here, and who notices that one fell silent tells it."""

import asyncio
import logging
import os
import secrets

from ticker.bus import instances, logs
from ticker.market.errors import Unavailable
from ticker.services import instance
from ticker.wire import groups

log = logging.getLogger(__name__)

BEAT_EVERY_S = 2.0
LOST_AFTER_S = 12.0  # six beats

SAID = {
    "joined": "{} has joined.",
    "left": "{} has left; its clients are with the others.",
    "lost": "{} is silent; its clients reconnect to the others.",
}


class Fleet:
    """This instance among the others."""

    def __init__(self) -> None:
        # Two machines may both have a daphne-1.
        self._member = f"{instance.name}/{os.getpid()}-{secrets.token_hex(3)}"
        self._is_in = False

    async def beat(self) -> None:
        """Say that we are here, again and again."""
        while True:
            try:
                joined, lost, here = await instances.beat(self._member, lost_after_ms=int(LOST_AFTER_S * 1000))
                self._is_in = True
                names = {_name(member) for member in here}
                for member in lost:
                    if _name(member) not in names:  # else it has been started anew, and that was told
                        await _tell(member, "lost")
                if joined:
                    await _tell(self._member, "joined")
            except Unavailable as error:
                log.debug("this instance is alone: %s", error)
            await asyncio.sleep(BEAT_EVERY_S)

    async def leave(self) -> None:
        """Say that we are not here any more."""
        if self._is_in:
            self._is_in = False
            try:
                await instances.leave(self._member)
                await _tell(self._member, "left")
            except Unavailable as error:
                log.debug("nobody hears that this instance leaves: %s", error)


def _name(member: str) -> str:
    return member.partition("/")[0]


async def _tell(member: str, state: str) -> None:
    name = _name(member)
    item = {"kind": "instance", "instance": name, "state": state, "text": SAID[state].format(name)}
    await logs.aappend(groups.SYSTEM, item)
