"""A TradeDash as people run it, for the examples."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.kit.commands import manage
from tests.kit.house import READY, House, house


@pytest.fixture(scope="package")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def running(data_dir: Path) -> AsyncIterator[House]:
    """`manage.py up` with two instances and two lively pairs."""
    async with house(data_dir, PAIRS="SOLUSDT,BTCUSDT", RATE="20") as running:
        await running.hear(READY)
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def token(running: House, data_dir: Path) -> str:
    """Of a user called bot."""
    code = (
        "from django.contrib.auth.models import User; from ticker.services import accounts; "
        "print(accounts.make_token(user=User.objects.create_user('bot'), name='bot'))"
    )
    said = await manage(data_dir, "shell", "--no-imports", "-c", code)
    return said.split()[-1]
