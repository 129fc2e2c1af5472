"""What `manage.py check` says about a deployment that would not work, or would not be safe."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.module_loading import import_string
from redis.exceptions import RedisError

from ticker.bus import redis as bus
from ticker.bus.latest import ping
from ticker.market.errors import Unavailable

TAG = "ticker"
KEY_LENGTH = 32  # characters; ours have 64
LOSSY = {
    "channels_redis.core.RedisChannelLayer": "it drops messages silently when a process has 100 waiting, and forgets "
    "its groups when Redis restarts",
    "channels.layers.InMemoryChannelLayer": "it reaches the clients of one process only",
}


def shown(url: str) -> str:
    """The URL as people and logs may see it: without user, password and options."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


# --- Of every command: what this machine can tell by itself ----------------------------------------


@register(TAG)
def key_is_secret(**_: Any) -> Sequence[CheckMessage]:
    key = str(settings.SECRET_KEY)
    if len(key) < KEY_LENGTH or len(set(key)) < 5 or key.startswith("django-insecure-"):
        return [
            Error(
                "DJANGO_SECRET_KEY can be guessed: whoever knows it can sign in as anybody.",
                hint=f"Use at least {KEY_LENGTH} random characters, or leave it out: a key is made and kept in DATA_DIR.",
                id="ticker.E002",
            )
        ]
    return key_file_is_private(Path(settings.DATA_DIR) / "secret_key")


def key_file_is_private(file: Path) -> Sequence[CheckMessage]:
    if (
        os.environ.get("DJANGO_SECRET_KEY")
        or not file.is_file()
        or not file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ):
        return []
    return [Error(f"{file} can be read by others.", hint=f"chmod 600 {file}", id="ticker.E003")]


@register(TAG)
def layer_loses_nothing(**_: Any) -> Sequence[CheckMessage]:
    backend = settings.CHANNEL_LAYERS.get("default", {}).get("BACKEND")
    if backend is None:
        reason = "there is none"
    elif backend in LOSSY and (backend.startswith("channels_redis.") or settings.INSTANCES > 1):
        reason = LOSSY[backend]
    else:
        return []
    return [
        Error(
            f"CHANNEL_LAYERS: the channel layer loses messages: {reason}.",
            hint="Use channels_redis.pubsub.RedisPubSubChannelLayer.",
            id="ticker.E004",
        )
    ]


# --- Of `manage.py check` only: what may be away while other commands still have work to do ----------


def redis_answers(**_: Any) -> Sequence[CheckMessage]:
    try:
        ping()
    except Unavailable as error:
        return [
            Error(
                f"REDIS_URL: no Redis answers at {shown(settings.REDIS_URL)}: {error.detail}",
                hint="`make run` starts one unless REDIS_URL names another.",
                id="ticker.E001",
            )
        ]
    return redis_keeps_everything()


def redis_keeps_everything() -> Sequence[CheckMessage]:
    try:
        # Any: redis-py types the answers of its waiting and its async client as one.
        found: Any = bus.client().config_get("maxmemory", "maxmemory-policy", "appendonly")
    except RedisError:
        return []  # hosted ones keep their settings to themselves
    told = {_text(name): _text(value) for name, value in found.items()}
    wrong: list[CheckMessage] = []
    if told.get("maxmemory", "0") != "0" and told.get("maxmemory-policy") != "noeviction":
        wrong.append(
            Warning(
                f"Redis forgets trades when it is full (maxmemory-policy {told['maxmemory-policy']}).",
                hint="maxmemory-policy noeviction: a full Redis then refuses, and the market waits.",
                id="ticker.W001",
            )
        )
    if told.get("appendonly") == "no":
        wrong.append(
            Warning(
                "Redis loses what is not recorded yet when it is restarted (appendonly no).",
                hint="appendonly yes, appendfsync everysec",
                id="ticker.W002",
            )
        )
    return wrong


def _text(word: str | bytes) -> str:
    return word.decode() if isinstance(word, bytes) else word


def static_files_are_collected(**_: Any) -> Sequence[CheckMessage]:
    storage = import_string(settings.STORAGES["staticfiles"]["BACKEND"])
    manifest = getattr(storage, "manifest_name", None)
    if manifest is None or (Path(settings.STATIC_ROOT) / manifest).is_file():
        return []
    return [
        Warning(
            f"Static files are not collected in {settings.STATIC_ROOT}: pages cannot be shown.",
            hint="`make run` collects them; elsewhere run `manage.py prepare` or `manage.py collectstatic`.",
            id="ticker.W003",
        )
    ]


ASKED_FOR = (redis_answers, static_files_are_collected)
