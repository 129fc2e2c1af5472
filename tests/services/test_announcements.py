"""Staff tell everybody, or one user."""

import json

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from tests.kit.fixtures import connected as connected
from ticker.bus import logs
from ticker.market.errors import BadRequest, Unavailable
from ticker.models import Announcement
from ticker.services import announcements
from ticker.wire import groups

AWAY = "unix:///nowhere/redis.sock"


@pytest.fixture
def eva(transactional_db) -> User:
    return User.objects.create_user("eva77", first_name="Eva", last_name="Sand", is_staff=True)


async def items(name: str) -> list[dict]:
    _, _, found = await logs.after(name, 0)
    return [json.loads(item) for _, item in found]


async def told(name: str, **arguments) -> list[dict]:
    """What a log holds after this was announced, in a thread as requests are."""
    await database_sync_to_async(announcements.announce)(**arguments)
    return await items(name)


async def test_everybody_hears_what_is_for_everybody(eva, connected):
    [item] = await told(groups.SYSTEM, text="Maintenance at noon.", by=eva)
    assert item.pop("id") == 1 and item.pop("ts") > 0
    assert item == {"kind": "announcement", "text": "Maintenance at noon.", "from": "Eva Sand"}


async def test_what_is_for_one_user_is_in_that_users_log_only(eva, connected):
    item, *more = await told(groups.of_user(eva.pk, "notifications"), text="Your bot is too fast.", by=eva, user=eva)
    assert item["text"] == "Your bot is too fast." and not more
    assert await items(groups.SYSTEM) == []


def test_what_was_told_is_kept(eva, redis):
    found = announcements.announce(text="  Hello.  ", by=eva)
    found.refresh_from_db()
    assert (found.text, found.user, found.created_by) == ("Hello.", None, eva)
    assert found.told is not None


def test_nobody_is_told_what_was_not_kept(eva, redis):
    before = redis.hget(logs.head_of(groups.SYSTEM), "seq")
    with transaction.atomic():
        announcements.announce(text="Hello.", by=eva)
        transaction.set_rollback(True)
    assert not Announcement.objects.exists()
    assert redis.hget(logs.head_of(groups.SYSTEM), "seq") == before


def test_without_redis_it_is_kept_and_can_be_told_later(eva, redis_server, settings, redis, caplog):
    url, settings.REDIS_URL = settings.REDIS_URL, AWAY
    found = announcements.announce(text="Hello.", by=eva)
    assert found.told is None
    assert Announcement.objects.get().told is None
    assert "was not told" in caplog.text
    with pytest.raises(Unavailable):
        announcements.tell(found)
    settings.REDIS_URL = url
    announcements.tell(found)
    assert Announcement.objects.get().told is not None


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_nothing_and_too_much_are_refused(eva, text):
    with pytest.raises(BadRequest):
        announcements.announce(text=text, by=eva)
    assert not Announcement.objects.exists()


def test_five_hundred_characters_are_not_too_much(eva, redis):
    assert announcements.announce(text="é" * 500, by=eva).told is not None


def test_the_database_refuses_silence(eva):
    with pytest.raises(IntegrityError), transaction.atomic():
        Announcement.objects.create(text="", created_by=eva)


@pytest.mark.parametrize(("first_name", "shown"), [("Eva", "Eva"), ("", "eva77")])
async def test_the_name_that_people_know_comes_first(eva, connected, first_name, shown):
    eva.first_name, eva.last_name = first_name, ""
    [item] = await told(groups.SYSTEM, text="Hello.", by=eva)
    assert item["from"] == shown


def test_an_announcement_outlives_who_made_it_but_not_whom_it_was_for(eva, redis):
    bob = User.objects.create_user("bob")
    announcements.announce(text="For all.", by=eva)
    announcements.announce(text="For Bob.", by=eva, user=bob)
    eva.delete()
    assert {found.created_by for found in Announcement.objects.all()} == {None}
    bob.delete()
    assert [str(found) for found in Announcement.objects.all()] == ["For all."]
