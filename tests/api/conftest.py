"""A program that reads the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

BASE = "/api/v1/pairs/"


@pytest.fixture
def get(client: Client) -> Callable[..., HttpResponse]:
    """Ask an address below /api/v1/pairs/, or any that begins with a slash."""

    def ask(address: str = "", **headers: Any) -> HttpResponse:
        return client.get(address if address.startswith("/") else BASE + address, headers=headers)

    return ask
