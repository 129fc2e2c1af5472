"""Channels as in every tutorial: each client joins the group, each event passes through each consumer. Stock Daphne."""

import json
import os
from typing import Any

import django
from django.conf import settings

LAYERS = {"core": "channels_redis.core.RedisChannelLayer", "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer"}
LAYER = os.environ["BENCH_LAYER"]

settings.configure(
    INSTALLED_APPS=["channels"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": LAYERS[LAYER],
            "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": f"textbook-{LAYER}"},
        }
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402 (Django first)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402


class TradeConsumer(AsyncWebsocketConsumer):
    """One client."""

    async def connect(self) -> None:
        await self.channel_layer.group_add("trades", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("trades", self.channel_name)

    async def trade(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event["trade"]))


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws", TradeConsumer.as_asgi())])})
