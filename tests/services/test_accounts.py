"""Who somebody is, and for how long."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ticker.market.errors import NotSignedIn
from ticker.models import AccessToken
from ticker.services import accounts
from ticker.services.accounts import Identity

pytestmark = pytest.mark.django_db
COOKIE = django_settings.SESSION_COOKIE_NAME


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", password="right", is_staff=True)


def session_of(user: User) -> str:
    """The key of a new session, signed in as a browser does it."""
    client = Client()
    client.force_login(user)
    return client.cookies[COOKIE].value


def by_session(key: str) -> Identity | None:
    return accounts.identify(cookies={COOKIE: key})


def by_token(text: str) -> Identity | None:
    return accounts.identify(cookies={}, authorization=f"Bearer {text}")


def a_day(days: int):
    return timezone.now() + timedelta(days=days)


# --- By the cookie of a session --------------------------------------------------------------------


def test_a_session_says_whose_it_is(ann):
    key = session_of(ann)
    found = by_session(key)
    assert found is not None
    assert (found.user_id, found.name, found.session, found.token_id) == (ann.pk, "ann", key, 0)


def test_nobody_costs_the_database_nothing(ann, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert accounts.identify(cookies={}) is None
        assert not accounts.may_be_somebody({}, "")
        assert not accounts.may_be_somebody({"theme": "dark"})


def test_whoever_shows_something_may_be_somebody(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert accounts.may_be_somebody({COOKIE: "a" * 32})
        assert accounts.may_be_somebody({}, "Basic eA==")


@pytest.mark.parametrize(
    "key",
    ["", "x", "a" * 31, "a" * 33, "A" * 32, "a" * 31 + "\x00", "\ud800" * 32, "٣" * 32, "' OR 1=1 --", "a" * 9_999],
)
def test_what_no_session_is_called_is_nobody_and_not_asked_for(ann, key, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert by_session(key) is None
        assert not accounts.may_be_somebody({COOKIE: key})


def test_a_session_that_does_not_exist_is_nobody():
    assert by_session("a" * 32) is None


def test_a_session_of_nobody_in_particular_is_nobody():
    session = SessionStore()
    session["seen"] = True
    session.create()
    assert by_session(session.session_key) is None


def test_an_expired_session_is_nobody(ann):
    key = session_of(ann)
    Session.objects.update(expire_date=a_day(-1))
    assert by_session(key) is None


def test_a_session_of_a_disabled_user_is_nobody(ann):
    key = session_of(ann)
    User.objects.update(is_active=False)
    assert by_session(key) is None


def test_a_session_of_a_user_who_is_gone_is_nobody(ann):
    key = session_of(ann)
    ann.delete()
    assert by_session(key) is None


def test_a_new_password_ends_the_sessions_of_the_old_one(ann):
    key = session_of(ann)
    ann.set_password("other")
    ann.save()
    assert by_session(key) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (HASH_SESSION_KEY, "0" * 64),
        (HASH_SESSION_KEY, ""),
        (BACKEND_SESSION_KEY, "django.contrib.auth.backends.Nobody"),
    ],
)
def test_a_session_that_was_not_made_by_signing_in_is_nobody(ann, name, value):
    key = session_of(ann)
    session = SessionStore(key)
    session[name] = value
    session.save()
    assert by_session(key) is None


def test_a_session_made_with_an_older_secret_key_keeps_its_name(ann, settings):
    key = session_of(ann)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 9, [settings.SECRET_KEY]
    for _ in range(2):
        found = by_session(key)
        assert found is not None and found.user_id == ann.pk


def test_looking_changes_nothing(ann):
    key = session_of(ann)
    with CaptureQueriesContext(connection) as said:
        by_session(key)
    assert [query["sql"].split()[0] for query in said] == ["SELECT", "SELECT"]


# --- By a token ------------------------------------------------------------------------------------


def test_a_token_says_whose_it_is(ann):
    text = accounts.make_token(user=ann, name="notebook")
    found = by_token(text)
    assert found is not None
    assert (found.user_id, found.name, found.session, found.token_id) == (
        ann.pk,
        "ann",
        "",
        AccessToken.objects.get().pk,
    )


def test_a_token_is_recognised_at_first_sight_and_kept_nowhere(ann):
    text = accounts.make_token(user=ann, name="notebook")
    assert text.startswith("td_") and len(text) == 46
    row = AccessToken.objects.values().get()
    assert not any(text in str(value) or text[3:] in str(value) for value in row.values())


def test_no_two_tokens_are_alike(ann):
    assert accounts.make_token(user=ann, name="a") != accounts.make_token(user=ann, name="a")


@pytest.mark.parametrize("said", ["Bearer {}", "bearer {}", "BEARER   {} "])
def test_the_scheme_may_be_written_in_any_case(ann, said):
    authorization = said.format(accounts.make_token(user=ann, name="notebook"))
    assert accounts.identify(cookies={}, authorization=authorization) is not None


@pytest.mark.parametrize(
    "said",
    ["Bearer", "Bearer ", "{}", "Basic {}", "Token {}", "Bearer {}x", "Bearer x{}", "Bearer {} {}", "Bearer td_" + "a" * 43,
     "Bearer \x00", "Bearer \ud800", "Bearer td_" + "é" * 43],
)  # fmt: skip
def test_anything_else_is_refused_and_not_repeated(ann, said):
    text = accounts.make_token(user=ann, name="notebook")
    with pytest.raises(NotSignedIn) as refused:
        accounts.identify(cookies={}, authorization=said.replace("{}", text))
    assert refused.value.code == "auth_required"
    assert text not in refused.value.detail


def test_a_wrong_token_is_refused_although_the_cookie_is_good(ann):
    cookies = {COOKIE: session_of(ann)}
    with pytest.raises(NotSignedIn):
        accounts.identify(cookies=cookies, authorization="Bearer td_" + "a" * 43)


def expire(token: AccessToken) -> None:
    AccessToken.objects.update(expires=a_day(-1))


def disable(token: AccessToken) -> None:
    User.objects.update(is_active=False)


def change_password(token: AccessToken) -> None:
    token.user.set_password("other")
    token.user.save()


@pytest.mark.parametrize("end", [accounts.revoke, expire, disable, change_password])
def test_a_token_that_has_ended_is_refused(ann, end):
    text = accounts.make_token(user=ann, name="notebook", expires=a_day(1))
    assert by_token(text) is not None
    end(AccessToken.objects.get())
    with pytest.raises(NotSignedIn):
        by_token(text)


def test_the_last_use_is_noted_once_a_minute(ann, django_assert_num_queries):
    text = accounts.make_token(user=ann, name="notebook")
    assert AccessToken.objects.get().last_used is None
    by_token(text)
    first = AccessToken.objects.get().last_used
    assert first is not None
    with django_assert_num_queries(1):
        by_token(text)
    AccessToken.objects.update(last_used=first - timedelta(minutes=1))
    by_token(text)
    assert AccessToken.objects.get().last_used > first - timedelta(minutes=1)


def test_a_token_has_a_name(ann):
    with pytest.raises(IntegrityError), transaction.atomic():
        accounts.make_token(user=ann, name="")


def test_an_identity_does_not_print_its_secrets(ann):
    key = session_of(ann)
    found = by_session(key)
    assert key not in repr(found) and found.proof not in repr(found)


# --- Whether it is still so ------------------------------------------------------------------------


@pytest.fixture
def signed_in(ann) -> dict[str, Identity]:
    """Ann by a session and by a token, and Bob by a session."""
    bob = User.objects.create_user("bob", password="right")
    return {
        "session": by_session(session_of(ann)),
        "token": by_token(accounts.make_token(user=ann, name="notebook")),
        "bob": by_session(session_of(bob)),
    }


def still(signed_in: dict[str, Identity]) -> set[str]:
    valid = accounts.still_valid(signed_in.values())
    return {name for name, identity in signed_in.items() if identity in valid}


def test_whoever_does_nothing_stays_signed_in(signed_in):
    assert still(signed_in) == {"session", "token", "bob"}


def test_signing_out_ends_this_session_only(signed_in):
    client = Client()
    client.cookies[COOKIE] = signed_in["session"].session
    assert client.post("/admin/logout/").status_code == 200
    assert still(signed_in) == {"token", "bob"}


SQL = {
    "a session that is deleted": ("DELETE FROM django_session WHERE session_key = %s", "session", {"token", "bob"}),
    "a session that expires": (
        "UPDATE django_session SET expire_date = '2020-01-01' WHERE session_key = %s", "session", {"token", "bob"}),
    "a token that is revoked": ("DELETE FROM ticker_accesstoken WHERE id = %s", "token_id", {"session", "bob"}),
    "a token that expires": (
        "UPDATE ticker_accesstoken SET expires = '2020-01-01' WHERE id = %s", "token_id", {"session", "bob"}),
    "a user who is disabled": ("UPDATE auth_user SET is_active = false WHERE id = %s", "user_id", {"bob"}),
    "a user with another password": ("UPDATE auth_user SET password = 'x' WHERE id = %s", "user_id", {"bob"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SQL)
def test_what_is_done_in_the_database_is_noticed(signed_in, name):
    sql, what, left = SQL[name]
    values = {
        "session": signed_in["session"].session,
        "token_id": signed_in["token"].token_id,
        "user_id": signed_in["token"].user_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, [values[what]])
    assert still(signed_in) == left


def test_a_user_who_is_deleted_is_nobody(signed_in):
    User.objects.get(username="ann").delete()
    assert still(signed_in) == {"bob"}


def test_three_questions_are_enough_for_many(ann, django_assert_num_queries):
    many = {by_session(session_of(ann)) for _ in range(20)}
    many |= {by_token(accounts.make_token(user=ann, name="bot")) for _ in range(20)}
    with django_assert_num_queries(3):
        assert accounts.still_valid(many) == many


def test_nobody_is_asked_about_where_nobody_is_signed_in(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert accounts.still_valid([]) == set()


def test_very_many_are_asked_about_in_parts(monkeypatch, signed_in, django_assert_num_queries):
    monkeypatch.setattr(accounts, "AT_ONCE", 1)
    with django_assert_num_queries(5):  # two users, two sessions, one token
        assert accounts.still_valid(signed_in.values()) == set(signed_in.values())
