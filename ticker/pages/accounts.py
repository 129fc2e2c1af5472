"""What django-axes asks us when a password is wrong: for whom it was, where it came from, what the guesser is told."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ticker.services import addresses

LONGEST = 255  # of a name in the table of axes; the form lets longer ones pass


def name(request: HttpRequest, credentials: Mapping[str, str] | None) -> str:
    """The account whose wrong passwords are counted together, whether there is one of this name or not."""
    return (credentials or request.POST).get("username", "")[:LONGEST]


def address(request: HttpRequest) -> str | None:
    """The address whose wrong passwords are counted together; None where there is none: a unix socket."""
    # A network of IPv6 is kept as its first address.
    return addresses.address_in(request.META).partition("/")[0] or None


def locked(request: HttpRequest, response: object = None, credentials: object = None) -> HttpResponse:
    """The answer to a password that is not even looked at."""
    wait_s = int(settings.AXES_COOLOFF_TIME.total_seconds())
    reason = {"limit": settings.AXES_FAILURE_LIMIT, "minutes": wait_s // 60}
    answer = render(request, "429.html", {"locked": reason}, status=429)
    answer.headers["Retry-After"] = str(wait_s)
    return answer
