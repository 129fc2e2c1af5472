"""What all addresses of the REST API have in common: open to everybody, read only, strict, JSON."""

from collections.abc import Collection
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ticker.api.parameters import check_names

FOREVER = "public, max-age=31536000, immutable"  # a year, the most that caches honour


class ErrorSerializer(serializers.Serializer[Any]):
    """What went wrong: `error` is for programs and keeps its meaning, `detail` is for people."""

    error = serializers.CharField(help_text="For example bad_param, not_found, unavailable.")
    detail = serializers.CharField()


def failures(*, missing: bool = True) -> dict[int, OpenApiResponse]:
    """What the schema says about answers that are errors."""
    said = {400: "A parameter is unknown, repeated, malformed or out of range."}
    if missing:
        said[404] = "There is no such pair."
    said[503] = "The database is away; try again soon."
    return {status: OpenApiResponse(ErrorSerializer, description) for status, description in said.items()}


class PublicView(APIView):
    """A view that anybody may read; `parameters` are the only ones it takes."""

    http_method_names = ["get", "head", "options"]
    # No account is asked for: an answer depends on the address only, and caches may share it.
    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    parameters: Collection[str] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # First of all, because REST framework has a use of its own for `format`.
        check_names(request.query_params, self.parameters)
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        if not final.has_header("Cache-Control"):
            final["Cache-Control"] = "no-cache"  # may be kept, but is asked for again each time
        return final


def next_page(request: Request, **position: int | None) -> str:
    """The address of the page at another position, its other parameters as they are; None drops a parameter."""
    query = request.query_params.copy()
    for name, value in position.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
