"""Who somebody is: by the cookie of a session or by an access token; and whether that is still so."""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from ticker.market.errors import NotSignedIn
from ticker.models import AccessToken

T = TypeVar("T")

PREFIX = "td_"  # whoever finds one in a file or a log knows what it is
TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)  # 256 random bits
SESSION = re.compile(r"[a-z0-9]{32}", re.ASCII)  # as Django makes them; PostgreSQL refuses text with a NUL in it
USED_EVERY = timedelta(minutes=1)  # to know when a token was last used, one write a minute is enough
AT_ONCE = 500  # names in one question: far below what any database takes


@dataclass(frozen=True, slots=True)
class Identity:
    """One user, and by what we know: a session or a token. Holds secrets, and does not print them."""

    user_id: int
    name: str
    session: str = field(default="", repr=False)  # its key
    token_id: int = 0
    proof: str = field(default="", repr=False)  # of the password, which may change


# --- Who it is -------------------------------------------------------------------------------------


def may_be_somebody(cookies: Mapping[str, str], authorization: str = "") -> bool:
    """Whether it is worth asking `identify`. Needs no database: for the many who are nobody."""
    return bool(authorization) or _session_key(cookies) is not None


def identify(*, cookies: Mapping[str, str], authorization: str = "") -> Identity | None:
    """Who says this; None for nobody: no session, one that has ended, or that of a user who was disabled.

    An `Authorization` header counts more than a cookie. Raises NotSignedIn where it is anything but `Bearer` and a good
    token: whoever sends one expects to be somebody.
    """
    if authorization:
        return _of_token(authorization)
    key = _session_key(cookies)
    return _of_session(key) if key else None


def _session_key(cookies: Mapping[str, str]) -> str | None:
    key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    return key if SESSION.fullmatch(key) else None


def _of_session(key: str) -> Identity | None:
    """As django.contrib.auth.get_user finds it, but nothing is written: it would end a session whose hash is wrong, and
    rename one whose hash was made with an older secret key, while here no answer can take the new name to the browser.
    """
    session = SessionStore(key)
    backend = session.get(BACKEND_SESSION_KEY)
    if SESSION_KEY not in session or backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = load_backend(backend).get_user(User._meta.pk.to_python(session[SESSION_KEY]))
    told = session.get(HASH_SESSION_KEY, "")
    if user is None or not any(constant_time_compare(told, known) for known in _session_hashes(user)):
        return None
    return Identity(user.pk, user.get_username(), session=key, proof=proof_of(user.password))


def _session_hashes(user: User) -> Iterator[str]:
    yield user.get_session_auth_hash()
    yield from user.get_session_auth_fallback_hash()


def _of_token(authorization: str) -> Identity:
    scheme, _, text = authorization.strip().partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not TOKEN.fullmatch(text):
        raise NotSignedIn("Authorization: expected Bearer and an access token.")
    now = timezone.now()
    token = AccessToken.objects.select_related("user").filter(_good(now), digest=_digest(text)).first()
    if token is None or token.proof != proof_of(token.user.password):
        raise NotSignedIn("This access token is wrong, has expired or was revoked.")
    _note_use(token, now)
    return Identity(token.user_id, token.user.get_username(), token_id=token.pk, proof=token.proof)


def _good(now: datetime) -> Q:
    return Q(user__is_active=True) & (Q(expires=None) | Q(expires__gt=now))


def _note_use(token: AccessToken, now: datetime) -> None:
    if token.last_used is None or token.last_used <= now - USED_EVERY:
        AccessToken.objects.filter(pk=token.pk).update(last_used=now)


def _digest(text: str) -> str:
    # One round is enough: nobody can try 2**256 tokens, as one can try passwords.
    return hashlib.sha256(text.encode()).hexdigest()


def proof_of(password: str) -> str:
    """What changes with a user's password, given as it is stored, and does not tell it."""
    return hashlib.sha256(password.encode()).hexdigest()


# --- Whether it is still so ------------------------------------------------------------------------


def still_valid(identities: Collection[Identity]) -> set[Identity]:
    """Those who are still signed in; the others have signed out, or their session or token has ended or was revoked, or
    their password is another, or their user was disabled or is gone.

    Three questions to the database, for each 500 of them.
    """
    now = timezone.now()
    proofs: dict[int, str] = {}
    for some in _parts(identity.user_id for identity in identities):
        users = User.objects.filter(pk__in=some, is_active=True).values_list("pk", "password")
        proofs |= {pk: proof_of(password) for pk, password in users}
    sessions: set[str] = set()
    for keys in _parts(identity.session for identity in identities if identity.session):
        sessions |= set(
            Session.objects.filter(session_key__in=keys, expire_date__gt=now).values_list("session_key", flat=True)
        )
    tokens: set[int] = set()
    for some in _parts(identity.token_id for identity in identities if identity.token_id):
        tokens |= set(AccessToken.objects.filter(_good(now), pk__in=some).values_list("pk", flat=True))
    return {
        identity
        for identity in identities
        if proofs.get(identity.user_id) == identity.proof
        and (identity.session in sessions or identity.token_id in tokens)
    }


def _parts(values: Iterable[T]) -> Iterator[list[T]]:
    """Each value once, so many at a time as one question may name."""
    different = list(dict.fromkeys(values))
    for start in range(0, len(different), AT_ONCE):
        yield different[start : start + AT_ONCE]


# --- Tokens ----------------------------------------------------------------------------------------


def make_token(*, user: User, name: str, expires: datetime | None = None) -> str:
    """Make an access token that is good until it expires, is revoked, or the user's password changes.

    Its text is in the answer and nowhere else.
    """
    return issue(AccessToken(user=user, name=name, expires=expires))


def issue(token: AccessToken) -> str:
    """Keep a new token and return its text, as `make_token`; for forms, which fill a row first."""
    text = PREFIX + secrets.token_urlsafe(32)
    token.digest, token.proof = _digest(text), proof_of(token.user.password)
    token.save(force_insert=True)
    return text


def revoke(token: AccessToken) -> None:
    """End a token. Whoever is connected with it is found out by `still_valid`."""
    token.delete()
