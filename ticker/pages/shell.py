"""What every page has around its own subject: who served it, where prices come from, and what is said when a part is away."""

import logging
import time
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ticker.bus import latest
from ticker.market.errors import Unavailable
from ticker.services import instance

P = ParamSpec("P")
log = logging.getLogger(__name__)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context of templates/base.html. `source` asks Redis, once and only where a template uses it."""

    @cache
    def source() -> str:
        try:
            state = latest.feed_state()
        except Unavailable:
            return ""
        return state.source if state else ""

    return {"instance": instance.name, "rendered_ms": now_ms(), "source": source, "debug": settings.DEBUG}


def or_503(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let a page that cannot be made now say so, in its theme and with status 503, and name the part that is away."""

    @wraps(view)
    def answered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DatabaseError as error:
            part = "The database"
            log.warning("%s: the database is away: %s", request.path, str(error).splitlines()[0])
        except Unavailable as error:
            part = error.detail
            log.warning("%s: %s", request.path, error.detail)
        response = render(request, "503.html", {"part": part}, status=503)
        response.headers["Retry-After"] = "5"  # seconds; a restart takes about that long
        return response

    return answered
