"""Who may connect: so many connections and connects a minute for each address, whichever instance they come to."""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Mapping
from typing import TypeVar

from django.conf import settings

from ticker.bus import addresses as bus
from ticker.bus.addresses import Verdict
from ticker.market.errors import Unavailable
from ticker.services.addresses import is_limited
from ticker.wire import closing
from ticker.wire.closing import Goodbye

log = logging.getLogger(__name__)

T = TypeVar("T")

# Clients try another way when they have heard nothing for 4 s: a Redis that hangs must not drive them from one to the
# next.
PATIENCE_S = 1.0
RETRY_AFTER_S = 60  # for answers by HTTP: by then a new minute has begun, and what a dead process left is forgotten

REFUSED = {Verdict.TOO_MANY: closing.TOO_MANY, Verdict.TOO_OFTEN: closing.RATE_LIMITED}


async def admit(address: str, conn: str, *, counts_as_connect: bool) -> Goodbye | None:
    """Count a connection in; None if it is welcome, else why it is not, and then it is not counted.

    Without Redis everybody is welcome: the limit of the process still bounds. Whoever calls this calls `release` at
    the end, also when this was cancelled.
    """
    if not is_limited(address):
        return None
    limits = settings.LIVE_LIMITS
    entering = bus.enter(
        address,
        conn,
        most=limits["connections"],
        connects_per_min=limits["connects_per_min"] if counts_as_connect else 0,
        forget_ms=_forget_ms(),
    )
    verdict = await _unless_away(entering)
    return REFUSED.get(verdict) if verdict is not None else None


async def release(address: str, conn: str) -> None:
    """Count a connection out; it may have been refused. Without Redis it is forgotten by itself."""
    if is_limited(address):
        await _unless_away(bus.leave(address, conn))


async def refresh(here: Mapping[str, Collection[str]]) -> None:
    """Say that all connections of this process, by address, are still there; to be called every `refresh_every_s`.

    What a killed process leaves behind is forgotten because nobody says this of it.
    """
    still = [(address, conn) for address, conns in here.items() if is_limited(address) for conn in conns]
    try:
        await bus.stay(still, forget_ms=_forget_ms())
    except Unavailable as error:
        log.debug("connections are not counted: %s", error)


def refresh_every_s() -> float:
    """Three times before it is too late."""
    return settings.LIVE_FORGET_S / 3


def _forget_ms() -> int:
    return int(settings.LIVE_FORGET_S * 1000)


async def _unless_away(asked: Awaitable[T]) -> T | None:
    """What Redis answers; None if it is away."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await asked
    except (Unavailable, TimeoutError) as error:
        log.debug("connections are not counted: %s", error)
        return None
