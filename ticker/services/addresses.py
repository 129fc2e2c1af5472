"""Whom a connection or a request is counted for: an address, as far as it can be believed."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from django.conf import settings

FORWARDED_FOR = b"x-forwarded-for"

Address = IPv4Address | IPv6Address


def address_of(client: Sequence[Any] | None, headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The address to count by, given the peer's (host, port) and its headers; "" where there is none: a unix socket.

    That of the peer. Only if it is one of TRUSTED_PROXIES, whom that has heard, and so on: each proxy appends its peer
    to X-Forwarded-For. What stands left of the first stranger is what the stranger says of itself, and is not read.
    A trusted proxy that names no address counts itself.
    """
    peer = _parsed(client[0]) if client else None
    if peer is None:
        return ""
    found = peer
    if _is_trusted(peer):
        said = b",".join(value for name, value in headers if name.lower() == FORWARDED_FOR)
        for hop in reversed(said.decode("latin-1").split(",")):
            address = _parsed(hop.strip())
            if address is None:
                return _counted(peer)
            found = address
            if not _is_trusted(address):
                break
    return _counted(found)


def address_in(meta: Mapping[str, Any]) -> str:
    """The same, of a request as Django has it (HttpRequest.META)."""
    said = meta.get("HTTP_X_FORWARDED_FOR", "").encode("latin-1", "replace")
    return address_of((meta.get("REMOTE_ADDR", ""), 0), [(FORWARDED_FOR, said)])


def is_limited(address: str) -> bool:
    """Whether what this address does is counted: not on this machine itself, unless the settings say so."""
    if not address:
        return False
    return settings.LIMIT_LOOPBACK or not (address == "::1" or address.startswith("127."))


def _parsed(text: str) -> Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    # A socket that listens to both kinds calls its IPv4 peers ::ffff:203.0.113.7.
    return getattr(found, "ipv4_mapped", None) or found


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _counted(address: Address) -> str:
    if isinstance(address, IPv4Address) or address.is_loopback:
        return str(address)
    # A household has 2**64 addresses of IPv6, and may take another for each connection.
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
