"""Who comes in over a live address: which connection, from where, and whether it is somebody."""

import logging
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import parse_cookie
from django.http.request import validate_host

from ticker.market.errors import TickerError
from ticker.services import accounts
from ticker.services.accounts import Identity
from ticker.services.addresses import address_of

log = logging.getLogger(__name__)


class ForeignOrigin(TickerError):
    """A page of another site has used its visitor's cookie."""

    code = "forbidden"


@dataclass(slots=True, eq=False)
class Client:
    """One connection, or one request that waits."""

    conn: str  # its name in hello, in logs and in the counts
    address: str  # to count by; empty where connections are not counted
    identity: Identity | None = None

    @property
    def user_id(self) -> int | None:
        return self.identity.user_id if self.identity else None

    @property
    def user(self) -> str | None:
        """The name that others may see."""
        return self.identity.name if self.identity else None


def client_of(scope: dict[str, Any]) -> Client:
    """A client of whom nothing more is known than where it comes from. Raises ForeignOrigin."""
    cookies, authorization, origin = _credentials(scope["headers"])
    if origin and not authorization and accounts.may_be_somebody(cookies) and not is_ours(origin):
        raise ForeignOrigin("this origin may not use a session")
    return Client(secrets.token_urlsafe(6), address_of(scope.get("client"), scope["headers"]))


async def identify(client: Client, scope: dict[str, Any]) -> None:
    """Find out who the client is, by its session cookie or its access token; most are nobody, which costs nothing.

    Raises NotSignedIn for a token that is not good.
    """
    cookies, authorization, origin = _credentials(scope["headers"])
    if not accounts.may_be_somebody(cookies, authorization):
        return
    # Browsers name the origin of every WebSocket, and of other requests only if it is a foreign one.
    if not authorization and not origin and scope["type"] == "websocket":
        return
    try:
        client.identity = await database_sync_to_async(accounts.identify)(cookies=cookies, authorization=authorization)
    except DatabaseError as error:
        log.warning("a client is nobody, as the database does not answer: %s", error)


def is_ours(origin: str) -> bool:
    """Whether a page of this origin is one of our own hosts'."""
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    local = ["localhost", "127.0.0.1", "::1"] if settings.DEBUG else []
    return bool(host) and validate_host(host, settings.ALLOWED_HOSTS or local)


def _credentials(headers: list[tuple[bytes, bytes]]) -> tuple[dict[str, str], str, str]:
    """Cookies, authorization and origin among the headers."""
    found = {name.lower(): value for name, value in headers}
    # As Django does: Python's own SimpleCookie drops whatever follows a name that it does not like.
    cookies = parse_cookie(found.get(b"cookie", b"").decode("latin-1"))
    return cookies, found.get(b"authorization", b"").decode("latin-1"), found.get(b"origin", b"").decode("latin-1")
