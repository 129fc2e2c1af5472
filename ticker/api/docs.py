"""The API explained by itself: the OpenAPI schema, and a page to try it that needs no other host."""

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ticker.api.errors import answer
from ticker.api.public import PublicView


@functools.cache
def schema() -> dict[str, Any]:
    """The same for everybody as long as this process lives, and not quick to make."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


class Schema(PublicView):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(schema())


@csrf_exempt
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI on our schema."""
    if request.method not in ("GET", "HEAD"):
        response = answer(405)
        response["Allow"] = "GET, HEAD"
        return response
    return render(request, "ticker/api_docs.html")
