"""How often one address may ask the REST API, told in the headers of every answer."""

import logging
import time
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from ticker.bus import addresses as bus
from ticker.market.errors import Unavailable
from ticker.services.addresses import address_in, is_limited

if TYPE_CHECKING:  # at run time views import us: the settings name this class
    from rest_framework.views import APIView

log = logging.getLogger(__name__)

UNCOUNTED_S = 5.0  # while Redis is away: history needs none, and is not to wait for one at every request

# Else a browser hides them from pages of other hosts, which may read everything else of the answer.
EXPOSED = "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, ETag"

_count_from = 0.0  # monotonic


class PerAddress(BaseThrottle):
    """So many requests a minute, by the format that the view gives.

    Without Redis, and on this machine itself (LIMIT_LOOPBACK), nothing is counted and no header says so.
    """

    _wait_s: float | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if "RateLimit-Limit" in view.headers:
            return True  # counted already: a view may look before REST framework does
        address = address_in(request.META)
        if not is_limited(address):
            return True
        kind = view.renderer_classes[0].format
        kind = kind if kind in settings.REST_LIMITS else "json"
        found = _count(kind, address)
        if found is None:
            return True
        asked, left_s = found
        limit = settings.REST_LIMITS[kind]
        view.headers |= {
            "RateLimit-Limit": str(limit),
            "RateLimit-Remaining": str(max(0, limit - asked)),
            "RateLimit-Reset": str(left_s),
            "Access-Control-Expose-Headers": EXPOSED,
        }
        if asked > limit:
            self._wait_s = left_s
        return asked <= limit

    def wait(self) -> float | None:
        return self._wait_s


def _count(kind: str, address: str) -> tuple[int, int] | None:
    """How many requests it were in this minute, and the seconds until the next begins; None where Redis is away."""
    global _count_from
    if time.monotonic() < _count_from:
        return None
    try:
        asked, left_ms = bus.count(kind, address)
    except Unavailable as error:
        log.debug("requests are not counted: %s", error)
        _count_from = time.monotonic() + UNCOUNTED_S
        return None
    return asked, max(1, -(-left_ms // 1000))
