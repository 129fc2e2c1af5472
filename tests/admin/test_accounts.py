"""Staff make and revoke tokens; whoever guesses passwords is stopped after five."""

import re
from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async
from axes.models import AccessAttempt
from axes.utils import reset
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connections
from django.test import AsyncClient, Client

from ticker.models import AccessToken
from ticker.services import accounts

LIST = "/admin/ticker/accesstoken/"
LOGIN = "/admin/login/"
TEXT = re.compile(r"td_[A-Za-z0-9_-]{43}")


@pytest.fixture
def ann(db) -> User:
    return User.objects.create_user("ann", password="right", is_staff=True)


# --- Tokens ----------------------------------------------------------------------------------------


def made(staff: Client, of: User, **fields: str):
    return staff.post(f"{LIST}add/", {"user": of.pk, "name": "notebook"} | fields, follow=True)


def test_the_text_of_a_token_is_shown_once(staff, ann):
    page = made(staff, ann).content.decode()
    [text] = TEXT.findall(page)
    found = accounts.identify(cookies={}, authorization=f"Bearer {text}")
    assert found is not None and found.user_id == ann.pk
    assert text not in staff.get(LIST).content.decode()
    token = AccessToken.objects.get()
    assert text not in staff.get(f"{LIST}{token.pk}/change/").content.decode()
    assert text not in str(list(LogEntry.objects.values()))


def test_no_page_shows_the_digest(staff, ann):
    made(staff, ann)
    token = AccessToken.objects.get()
    for address in (LIST, f"{LIST}{token.pk}/change/", f"{LIST}{token.pk}/delete/"):
        page = staff.get(address).content.decode()
        assert "notebook" in page
        assert token.digest not in page and token.proof not in page


def test_a_token_may_end_by_itself(staff, ann):
    made(staff, ann, expires_0="2099-01-01", expires_1="12:00:00")
    assert AccessToken.objects.get().expires.isoformat() == "2099-01-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "\x00"}, "name"),
        ({"user": "999"}, "user"),
        ({"user": ""}, "user"),
        ({"expires_0": "2020-01-01", "expires_1": "00:00"}, "expires"),
        ({"expires_0": "soon", "expires_1": "now"}, "expires"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused_where_it_is_wrong(staff, ann, fields, wrong):
    answer = made(staff, ann, **fields)
    assert wrong in answer.context["adminform"].form.errors
    assert not AccessToken.objects.exists()


def test_a_token_is_never_changed(staff, ann):
    made(staff, ann)
    token = AccessToken.objects.get()
    assert staff.post(f"{LIST}{token.pk}/change/", {"name": "other", "user": token.user_id}).status_code == 403


def test_deleting_revokes(staff, ann):
    made(staff, ann)
    made(staff, ann)
    one, other = AccessToken.objects.all()
    staff.post(f"{LIST}{one.pk}/delete/", {"post": "yes"})
    assert [token.pk for token in AccessToken.objects.all()] == [other.pk]
    staff.post(LIST, {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"})
    assert not AccessToken.objects.exists()


# --- Guessing --------------------------------------------------------------------------------------


def tries(client: Client, password: str, name: str = "ann", **headers: str):
    return client.post(LOGIN, {"username": name, "password": password}, headers=headers)


def is_in(answer) -> bool:
    return answer.status_code == 302


def test_the_sixth_try_is_refused_even_with_the_right_password(ann):
    client = Client()
    said = [tries(client, f"wrong {number}").status_code for number in range(5)]
    assert said[:4] == [200] * 4
    answer = tries(client, "right")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    page = answer.content.decode()
    assert "Too many tries" in page and "For 15 minutes" in page


async def test_the_served_application_refuses_it_too(transactional_db):
    client = AsyncClient()
    for number in range(6):
        answer = await client.post(LOGIN, {"username": "nobody", "password": f"wrong {number}"})
    await sync_to_async(connections.close_all)()  # of the thread in which views run
    assert answer.status_code == 429
    assert "Too many tries" in answer.content.decode()


def test_another_account_is_not_affected(ann):
    User.objects.create_user("bob", password="right", is_staff=True)
    for number in range(6):
        tries(Client(), f"wrong {number}")
    assert is_in(tries(Client(), "right", "bob"))


def test_another_address_is_not_affected(ann):
    for number in range(6):
        tries(Client(), f"wrong {number}")
    assert is_in(tries(Client(REMOTE_ADDR="203.0.113.9"), "right"))


def test_another_browser_at_the_same_address_is(ann):
    for number in range(5):
        tries(Client(), f"wrong {number}", user_agent=f"browser {number}")
    assert tries(Client(), "right").status_code == 429


def test_after_the_pause_the_right_password_is_right(ann, settings):
    for number in range(6):
        tries(Client(), f"wrong {number}")
    for attempt in AccessAttempt.objects.all():
        AccessAttempt.objects.filter(pk=attempt.pk).update(
            attempt_time=attempt.attempt_time - settings.AXES_COOLOFF_TIME - timedelta(seconds=1)
        )
    assert is_in(tries(Client(), "right"))
    assert not AccessAttempt.objects.exists()


def test_trying_during_the_pause_makes_it_no_longer(ann):
    for number in range(5):
        tries(Client(), f"wrong {number}")
    before = AccessAttempt.objects.get()
    tries(Client(), "wrong")
    after = AccessAttempt.objects.get()
    assert (after.attempt_time, after.failures_since_start) == (before.attempt_time, 5)


def test_the_right_password_forgets_the_wrong_ones(ann):
    for _ in range(3):
        for number in range(4):
            tries(Client(), f"wrong {number}")
        assert is_in(tries(Client(), "right"))


def test_staff_let_somebody_in_again(ann, staff):
    for number in range(6):
        tries(Client(), f"wrong {number}")
    attempt = AccessAttempt.objects.get()
    assert "Locked Out" in staff.get("/admin/axes/accessattempt/").content.decode()
    staff.post(f"/admin/axes/accessattempt/{attempt.pk}/delete/", {"post": "yes"})
    assert is_in(tries(Client(), "right"))


def test_the_command_of_axes_lets_somebody_in_again(ann):
    for number in range(6):
        tries(Client(), f"wrong {number}")
    assert reset(username="ann") == 1
    assert is_in(tries(Client(), "right"))


def test_no_password_is_kept_or_logged(ann, caplog):
    for number in range(6):
        tries(Client(), f"secret-{number}", name="ann")
        tries(Client(), "x", name="typed-in-the-wrong-place")
    assert "secret-" not in str(list(AccessAttempt.objects.values()))
    assert "secret-" not in caplog.text and "typed-in" not in caplog.text


@pytest.mark.parametrize("name", ["\x00", "\ud800", "é" * 1_000, "' OR 1=1 --", ""])
def test_any_name_gets_an_answer(db, name):
    for _ in range(6):
        body = f"password=x&username={quote(name, errors='surrogatepass')}"
        answer = Client().post(LOGIN, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in (200, 429)


# --- From which address ----------------------------------------------------------------------------


def test_a_client_cannot_choose_its_address(ann):
    for number in range(5):
        tries(Client(), f"wrong {number}", x_forwarded_for=f"203.0.113.{number}")
    assert tries(Client(), "right", x_forwarded_for="203.0.113.99").status_code == 429


def test_a_trusted_proxy_tells_the_address(ann, settings):
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    for number in range(5):
        tries(Client(), f"wrong {number}", x_forwarded_for="203.0.113.7")
    assert tries(Client(), "right", x_forwarded_for="203.0.113.7").status_code == 429
    assert is_in(tries(Client(), "right", x_forwarded_for="203.0.113.8"))


def test_a_household_of_ipv6_is_one_address(ann):
    for number in range(5):
        tries(Client(REMOTE_ADDR=f"2001:db8::{number}"), f"wrong {number}")
    assert tries(Client(REMOTE_ADDR="2001:db8::99"), "right").status_code == 429
    assert is_in(tries(Client(REMOTE_ADDR="2001:db8:0:1::1"), "right"))


def test_a_socket_without_addresses_is_counted_as_one(ann):
    for number in range(5):
        tries(Client(REMOTE_ADDR=""), f"wrong {number}")
    assert tries(Client(REMOTE_ADDR=""), "right").status_code == 429


# --- What it costs the others ----------------------------------------------------------------------


def test_whoever_does_not_sign_in_costs_no_query(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get(LOGIN).status_code == 200
