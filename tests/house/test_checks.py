"""What is wrong with a deployment is said by `manage.py check`, and stops only what it would break."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from tests.kit.house import ROOT
from ticker import checks

NOBODY = "redis://user:secret@127.0.0.1:1/0"


def manage(data_dir: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    env = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")}
    env |= {"DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "tradedash.settings"} | variables
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def ids() -> list[str]:
    return [found.id for found in run_checks(tags=[checks.TAG])]


def test_a_sound_deployment_has_nothing_to_say(redis_server: str):
    assert ids() == []
    assert [*checks.redis_answers(), *checks.static_files_are_collected()] == []


def test_redis_away_ends_the_check_and_is_named_without_its_password(tmp_path: Path):
    ended = manage(tmp_path, "check", REDIS_URL=NOBODY)
    assert ended.returncode != 0
    assert "(ticker.E001) REDIS_URL: no Redis answers at redis://127.0.0.1:1/0" in ended.stderr
    assert "secret" not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "words",
    [["migrate"], ["makemigrations", "--check", "--dry-run"], ["collectstatic", "--noinput", "--dry-run"]],
    ids=lambda words: words[0],
)
def test_what_needs_no_redis_works_without(tmp_path: Path, words: list[str]):
    ended = manage(tmp_path, *words, REDIS_URL=NOBODY)
    assert ended.returncode == 0, ended.stderr


def test_the_tag_asks_redis_too(redis_server: str, capsys: pytest.CaptureFixture[str]):
    call_command("check", "--tag", "ticker")
    assert "no issues" in capsys.readouterr().out


def test_asking_once_leaves_other_commands_as_they_were(settings, redis_server: str):
    call_command("check", "--tag", "ticker")
    settings.REDIS_URL = NOBODY
    assert ids() == []
    with pytest.raises(SystemCheckError, match=r"ticker\.E001"):
        call_command("check", "--tag", "ticker")


@pytest.mark.parametrize("key", ["short", "a" * 64, "django-insecure-" + "x7Kq" * 16])
def test_a_key_that_can_be_guessed_is_an_error(settings, key: str):
    settings.SECRET_KEY = key
    assert ids() == ["ticker.E002"]


def test_a_key_that_others_can_read_is_an_error(tmp_path: Path, settings):
    file = tmp_path / "secret_key"
    file.write_text("x")
    file.chmod(0o600)
    settings.DATA_DIR = tmp_path
    assert ids() == []
    file.chmod(0o640)
    assert ids() == ["ticker.E003"]


def test_a_layer_that_loses_messages_is_an_error(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}
    assert ids() == ["ticker.E004"]


def test_a_layer_in_memory_will_do_for_one_process_only(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.INSTANCES = 1
    assert ids() == []
    settings.INSTANCES = 2
    assert ids() == ["ticker.E004"]


def test_a_redis_that_forgets_is_a_warning(redis_server: str):
    client = checks.bus.client()
    client.config_set("maxmemory", "100mb")
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert [found.id for found in checks.redis_answers()] == ["ticker.W001"]
    finally:
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")


def test_static_files_that_nobody_collected_are_a_warning(settings, tmp_path: Path):
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "tradedash.storage.ModuleStorage"}}
    settings.STATIC_ROOT = tmp_path
    assert [found.id for found in checks.static_files_are_collected()] == ["ticker.W003"]
    (tmp_path / "staticfiles.json").write_text("{}")
    assert checks.static_files_are_collected() == []


def test_production_settings_satisfy_django(tmp_path: Path, redis_server: str):
    ended = manage(
        tmp_path, "check", "--deploy", "--fail-level", "ERROR", REDIS_URL=redis_server, TLS="1",
        DJANGO_ALLOWED_HOSTS="dash.example",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "security.W" not in ended.stderr
