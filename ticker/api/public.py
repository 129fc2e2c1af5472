"""What all addresses of the REST API have in common: open to everybody, read only, strict, JSON."""

import hashlib
from collections.abc import Collection
from typing import Any

import msgspec
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ticker.api.parameters import check_names

FOREVER = "public, max-age=31536000, immutable"  # a year, the most that caches honour


class ErrorSerializer(serializers.Serializer[Any]):
    """What went wrong: `error` is for programs and keeps its meaning, `detail` is for people."""

    error = serializers.CharField(help_text="For example bad_param, not_found, unavailable.")
    detail = serializers.CharField()


def failures(*, missing: bool = True) -> dict[tuple[int, str], OpenApiResponse]:
    """What the schema says about answers that are errors: JSON, also where the answer itself is not."""
    said = {400: "A parameter is unknown, repeated, malformed or out of range."}
    if missing:
        said[404] = "There is no such pair."
    said[429] = "Too many requests of one address: wait for Retry-After seconds."
    said[503] = "The database is away; try again soon."
    return {
        (status, "application/json"): OpenApiResponse(ErrorSerializer, description)
        for status, description in said.items()
    }


# For the schema: every answer that is JSON has an ETag.
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of an answer that you have already."
)
NOT_MODIFIED = OpenApiResponse(description="Nothing has changed since the answer with this ETag.")


class Renderer(JSONRenderer):
    """JSON, made several times faster than by the standard library; money is text already."""

    def render(self, data: Any, *_: Any, **__: Any) -> bytes:
        return b"" if data is None else msgspec.json.encode(data)


class PublicView(APIView):
    """A view that anybody may read, from any page; `parameters` are the only ones it takes, unless it takes any."""

    http_method_names = ["get", "head", "options"]
    # No account is asked for: an answer depends on the address only, and caches may share it.
    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes: tuple[type[BaseRenderer], ...] = (Renderer,)
    parameters: Collection[str] | None = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.check_throttles(request)  # what makes no sense counts too
        # Before all else, because REST framework has a use of its own for `format`.
        if self.parameters is not None:
            check_names(request.query_params, self.parameters)
        super().initial(request, *args, **kwargs)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """For a browser that asks first whether a foreign page may send an ETag with its question."""
        return HttpResponse(headers={"Access-Control-Allow-Headers": "If-None-Match"})

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        if not final.has_header("Cache-Control"):
            final["Cache-Control"] = "no-cache"  # may be kept, but is asked for again each time
        final["Access-Control-Allow-Origin"] = "*"  # no cookie is read here, so a foreign page learns nothing of ours
        if isinstance(final, Response) and final.status_code == 200:
            known = parse_etags(request.headers.get("If-None-Match", ""))
            final.add_post_render_callback(lambda rendered: _unless_known(rendered, known))
        return final


def _unless_known(rendered: HttpResponse, known: Collection[str]) -> HttpResponse:
    """The answer with its ETag, or 304 where the client has it already."""
    # Of what is said and not of when it is said: every instance gives the same one.
    etag = f'"{hashlib.blake2b(rendered.content, digest_size=12).hexdigest()}"'
    rendered["ETag"] = etag
    if not {etag, "*"} & {given.removeprefix("W/") for given in known}:
        return rendered
    return HttpResponseNotModified(headers={name: it for name, it in rendered.items() if name != "Content-Type"})


def next_page(request: Request, **position: int | None) -> str:
    """The address of the page at another position, its other parameters as they are; None drops a parameter."""
    query = request.query_params.copy()
    for name, value in position.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
