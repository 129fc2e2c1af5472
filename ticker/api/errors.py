"""The one shape of every error under /api/: `{"error": code for programs, "detail": sentence for people}`."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.urls import Resolver404, resolve
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions

from ticker.market.errors import BadRequest, NotFound, NotSignedIn, Unavailable

log = logging.getLogger(__name__)

# By status, in our words: what the framework would say repeats what the client sent.
SAID = {
    400: ("bad_request", "The request makes no sense."),
    401: ("auth_required", "Sign in first."),
    403: ("forbidden", "This is not yours to read."),
    404: ("not_found", "There is nothing at this address; /api/docs/ lists what there is."),
    405: ("method_not_allowed", "This address can only be read: GET, HEAD or OPTIONS."),
    406: ("not_acceptable", "The answer is JSON, of a .csv address CSV: accept it."),
    415: ("unsupported_media_type", "A body is JSON: send application/json."),
    429: ("rate_limited", "Too many requests: wait for Retry-After seconds."),
    500: ("internal", "Something went wrong here; it was logged."),
    503: ("unavailable", "Something that this answer needs is away; try again soon."),
}


def answer(status: int, code: str | None = None, detail: str | None = None) -> JsonResponse:
    """An error in the one shape; never kept by a cache."""
    said = SAID.get(status) or (SAID[400] if status < 500 else SAID[500])
    response = JsonResponse({"error": code or said[0], "detail": detail or said[1]}, status=status)
    response["Cache-Control"] = "no-store"
    # What deserves a line in the log has one, below; Django would add its own.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def one_shape(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """What REST framework answers with when a view raised this."""
    match error:
        case NotFound():
            return answer(404, error.code, error.detail)
        case NotSignedIn():
            return answer(401, error.code, error.detail)
        case BadRequest():
            return answer(400, error.code, error.detail)
        case Unavailable() | OperationalError() | InterfaceError():
            log.warning("%s: unavailable: %s", _where(context), error)
            return answer(503)
        case exceptions.APIException():
            return _of_framework(error)
        case Http404():
            return answer(404)
        case PermissionDenied():
            return answer(403)
        case SuspiciousOperation():
            return answer(400)
    log.error("%s: %s", _where(context), type(error).__name__, exc_info=error)
    return answer(500)


def _where(context: dict[str, Any]) -> str:
    return type(context["view"]).__name__


def _of_framework(error: exceptions.APIException) -> JsonResponse:
    response = answer(error.status_code)
    # As REST framework's own handler does.
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response


# --- Where no view of ours is reached ------------------------------------------------------------


@csrf_exempt  # else whoever posts to a wrong address hears of cookies instead
def nowhere(request: HttpRequest) -> HttpResponse:
    """Whatever below /api/ has no address of its own; an address that lacks only its last slash leads there."""
    path = request.path_info
    if request.method in ("GET", "HEAD") and not path.endswith("/"):
        try:
            if resolve(path + "/").func is not nowhere:
                return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
        except Resolver404:
            pass
    return answer(404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django refused the request before any view saw it."""
    return answer(400) if request.path_info.startswith("/api/") else defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something outside of the views failed."""
    return answer(500) if request.path_info.startswith("/api/") else defaults.server_error(request)
