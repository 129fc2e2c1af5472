"""Each instance says that it is here; one that fell silent is found once."""

import pytest

from ticker.bus import instances


@pytest.fixture(autouse=True)
def _redis(connected):
    """Every test here needs Redis."""


async def test_whoever_is_new_has_joined():
    assert await instances.beat("a", lost_after_ms=60_000) == (True, [], ["a"])
    assert await instances.beat("b", lost_after_ms=60_000) == (True, [], ["a", "b"])
    assert (await instances.beat("a", lost_after_ms=60_000))[:2] == (False, [])


async def test_whoever_has_left_is_not_missed():
    await instances.beat("a", lost_after_ms=60_000)
    await instances.leave("a")
    assert await instances.beat("b", lost_after_ms=-1) == (True, ["b"], [])


async def test_whoever_is_silent_is_found_once_and_joins_again():
    await instances.beat("a", lost_after_ms=60_000)
    _, lost, _ = await instances.beat("b", lost_after_ms=-1)  # nobody spoke in the last moment
    assert set(lost) == {"a", "b"}
    assert (await instances.beat("b", lost_after_ms=60_000))[:2] == (True, [])
    assert (await instances.beat("a", lost_after_ms=60_000))[0] is True
