"""Staff announce."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from ticker.bus.redis import key
from ticker.models import Announcement
from ticker.wire import groups

LIST = "/admin/ticker/announcement/"
AWAY = "unix:///nowhere/redis.sock"


@pytest.fixture
def staff(transactional_db, redis) -> Client:
    """Transactions are real here: telling begins when the request's own is over."""
    client = Client()
    client.force_login(User.objects.create_superuser("eva", first_name="Eva"))
    return client


def announce(staff: Client, **fields: object):
    return staff.post(f"{LIST}add/", {"text": "Maintenance at noon."} | fields, follow=True)


def told(redis, log: str) -> list[dict]:
    return [json.loads(fields[b"d"]) for _, fields in redis.xrange(key("log", log))]


def test_an_announcement_is_told_to_everybody(staff, redis):
    page = announce(staff).content.decode()
    [item] = told(redis, groups.SYSTEM)
    assert (item["kind"], item["text"], item["from"]) == ("announcement", "Maintenance at noon.", "Eva")
    assert "everybody" in page and "Redis" not in page
    found = Announcement.objects.get()
    assert found.created_by.username == "eva" and found.told is not None


def test_or_to_one_user(staff, redis):
    bob = User.objects.create_user("bob")
    announce(staff, user=bob.pk)
    assert [item["text"] for item in told(redis, groups.of_user(bob.pk, "notifications"))] == ["Maintenance at noon."]
    assert told(redis, groups.SYSTEM) == []


def test_without_redis_staff_hear_that_nobody_was_told_and_tell_again_later(staff, redis, settings):
    url, settings.REDIS_URL = settings.REDIS_URL, AWAY
    assert "nobody was told" in announce(staff).content.decode()
    found = Announcement.objects.get()
    assert found.told is None
    again = {"action": "tell_again", "_selected_action": [found.pk]}
    assert "told 0 of 1" in staff.post(LIST, again, follow=True).content.decode()
    settings.REDIS_URL = url
    assert "Told 1." in staff.post(LIST, again, follow=True).content.decode()
    assert len(told(redis, groups.SYSTEM)) == 1
    found.refresh_from_db()
    assert found.told is not None
    assert "Told again." in [entry.change_message for entry in LogEntry.objects.all()]


def test_the_oldest_is_told_again_first(staff, redis):
    for number in range(3):
        announce(staff, text=f"{number}")
    chosen = list(Announcement.objects.values_list("pk", flat=True))
    staff.post(LIST, {"action": "tell_again", "_selected_action": chosen})
    assert [item["text"] for item in told(redis, groups.SYSTEM)] == ["0", "1", "2"] * 2


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [({"text": ""}, "text"), ({"text": "  "}, "text"), ({"text": "x" * 501}, "text"), ({"text": "\x00"}, "text"), ({"user": "999"}, "user")],
)  # fmt: skip
def test_what_cannot_be_announced_is_refused_where_it_is_wrong(staff, redis, fields, wrong):
    assert wrong in announce(staff, **fields).context["adminform"].form.errors
    assert not Announcement.objects.exists()
    assert told(redis, groups.SYSTEM) == []


def test_what_looks_like_a_script_is_text(staff, redis):
    page = announce(staff, text="<script>alert(1)</script>").content.decode()
    assert "<script>alert" not in page
    assert told(redis, groups.SYSTEM)[0]["text"] == "<script>alert(1)</script>"


def test_what_was_said_is_neither_changed_nor_deleted(staff):
    announce(staff)
    found = Announcement.objects.get()
    assert staff.get(f"{LIST}{found.pk}/change/").status_code == 200
    assert staff.post(f"{LIST}{found.pk}/change/", {"text": "Other."}).status_code == 403
    assert staff.post(f"{LIST}{found.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in staff.get(LIST).content.decode()


def test_a_user_can_be_deleted_with_what_only_that_user_was_told(staff):
    bob = User.objects.create_user("bob")
    announce(staff)
    announce(staff, user=bob.pk)
    staff.post(f"/admin/auth/user/{bob.pk}/delete/", {"post": "yes"})
    assert [found.user for found in Announcement.objects.all()] == [None]
