"""Every address that is answered without Django: real time and probes (pages, REST and admin: urls.py)."""

from typing import Any

from channels.routing import URLRouter
from django.urls import path as django_path
from django.urls import re_path as django_re_path

from ticker.live.consumers import BroadcastConsumer, MarketConsumer
from ticker.live.http import nowhere
from ticker.live.longpoll import poll
from ticker.live.sse import events
from ticker.pages import health

# Channels routes ASGI applications with Django's patterns, whose types know views only.
path: Any = django_path
re_path: Any = django_re_path


async def refused(scope: Any, receive: Any, send: Any) -> None:
    """An unknown WebSocket address: a plain 403, where Channels would answer 500."""
    await receive()
    await send({"type": "websocket.close"})


websocket = URLRouter(
    [
        path("live/v1/ws", MarketConsumer.as_asgi()),
        path("live/v1/broadcast", BroadcastConsumer.as_asgi()),
        re_path(r"", refused),
    ]
)


def http(django: Any) -> URLRouter:
    """The streams, what load balancers ask, and Django for all else."""
    return URLRouter(
        [
            path("live/v1/sse", events),
            path("live/v1/poll", poll),
            re_path(r"^live/", nowhere),
            path("healthz", health.probe(health.healthz)),
            path("readyz", health.probe(health.readyz)),
            re_path(r"", django),
        ]
    )
