"""What django-axes asks us when a password is wrong: from which address it came, and what the guesser is told."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ticker.services import addresses


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
