"""What is wrong with a deployment is one clear sentence and a non-zero exit, before anything else has started."""

import socket
import sys
from pathlib import Path

import pytest

from tests.kit.house import house
from tests.kit.ports import free_ports
from tests.kit.redis import running_redis

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(sys.platform == "win32", reason="sockets are handed down to children"),
]


async def refusal(data_dir: Path, **variables: str) -> str:
    """The only thing that `manage.py up` says, having ended with an error and started nothing that it mentions."""
    async with house(data_dir, **variables) as refused:
        assert await refused.ended() == 1
    [sentence] = refused.lines
    return sentence


@pytest.mark.parametrize("offset", [0, 2])
async def test_a_taken_port_is_named(tmp_path: Path, offset: int):
    port = free_ports(3)
    with socket.create_server(("127.0.0.1", port + offset)):
        sentence = await refusal(tmp_path, PORT=str(port))
    assert sentence.startswith(f"error: port {port + offset} is taken")
    assert not (tmp_path / "redis").exists()
    assert not (tmp_path / "tradedash.sqlite3").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("INSTANCES", "0"),
        ("RATE", "fast"),
        ("PAIRS", "SOLUSDT,NOPE"),
        ("REDIS_URL", "localhost"),
        ("REDIS_URL", "redis://127.0.0.1:port/0"),
        ("REDIS_URL", "redis://[::1"),
        ("REDIS_URL", "redis://127.0.0.1/0?no=such"),
        ("DATABASE_URL", "mysql://here"),
        ("DJANGO_DEBUG", "yes"),
        ("LOG_LEVEL", "loud"),
        ("HOST", "no.such.host.invalid"),
    ],
)
async def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str):
    assert (await refusal(tmp_path, **{name: value})).startswith(f"error: {name}")


async def test_a_data_dir_that_cannot_be_a_folder_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    assert (await refusal(tmp_path / "file")).startswith(
        f"error: DATA_DIR={str(tmp_path / 'file')!r}: cannot be written"
    )


async def test_a_second_one_on_the_same_data_dir_is_told_of_the_first(tmp_path: Path):
    async with house(tmp_path, PAIRS="SOLUSDT") as first:
        await first.hear("redis: ")
        sentence = await refusal(tmp_path)
    assert f"TradeDash already runs there (process {first.process.pid})" in sentence


async def test_a_redis_that_is_away_is_named_without_its_password(tmp_path: Path):
    sentence = await refusal(tmp_path, REDIS_URL="redis://user:secret@127.0.0.1:1/0")
    assert sentence.startswith("error: REDIS_URL: no Redis answers at redis://127.0.0.1:1/0: ")
    assert "secret" not in sentence


async def test_a_redis_that_cannot_start_is_quoted(tmp_path: Path):
    own = tmp_path / "bin" / "valkey-server"
    own.parent.mkdir()
    own.write_text(
        "#!/bin/sh\necho '7:M 23 Nov 2026 18:58:07.721 # Bad file format reading the append only file'\nexit 1\n"
    )
    own.chmod(0o755)
    async with house(tmp_path, PATH=str(own.parent)) as refused:
        assert await refused.ended() == 1
    assert refused.lines[-1] == "error: Redis did not start: Bad file format reading the append only file"


async def test_a_real_redis_that_finds_its_files_broken_says_so(tmp_path: Path):
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonlydir").touch()
    async with house(tmp_path) as refused:
        assert await refused.ended() == 1
    assert refused.lines[-1].startswith("error: Redis did not start: Can't open or create append-only dir")


async def test_a_database_that_is_away_is_one_sentence_and_redis_ends(tmp_path: Path):
    async with house(tmp_path, DATABASE_URL="postgres://user:secret@127.0.0.1:1/none") as refused:
        assert await refused.ended() == 1
    [sentence] = refused.lines  # nothing else was started
    assert sentence.startswith("error: DATABASE_URL: the database cannot be used: ")
    assert not any("secret" in line or "Traceback" in line for line in refused.lines)


async def test_a_redis_left_behind_is_ended_before_ours_starts(tmp_path: Path):
    with running_redis(tmp_path):
        async with house(tmp_path, PAIRS="SOLUSDT") as running:
            await running.hear("an earlier server was left behind and has been ended")
            await running.hear("redis: ")
