"""What staff tell everybody, or one user, who follows: kept here, told through the bus."""

import logging

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from ticker.bus import logs
from ticker.market.errors import BadRequest, Unavailable
from ticker.models import Announcement
from ticker.wire import groups

log = logging.getLogger(__name__)

LONGEST = 500  # characters: two sentences, read while prices move


def announce(*, text: str, by: User, user: User | None = None) -> Announcement:
    """Keep an announcement, and tell it once the transaction is over: to everybody, or to one user.

    Where Redis is away it is kept nevertheless, `told` stays empty, and `tell` tells it later. Raises BadRequest, with
    nothing kept, for a text that is empty or too long.
    """
    if not 0 < len(text.strip()) <= LONGEST:
        raise BadRequest(f"An announcement has 1 to {LONGEST} characters.")
    return keep(Announcement(text=text.strip(), user=user, created_by=by))


def keep(announcement: Announcement) -> Announcement:
    """Keep a new announcement and tell it, as `announce`; for forms, which fill a row first."""
    with transaction.atomic():
        announcement.save(force_insert=True)
        transaction.on_commit(lambda: _tell_if_possible(announcement))
    return announcement


def _tell_if_possible(announcement: Announcement) -> None:
    try:
        tell(announcement)
    except Unavailable as error:
        log.warning("announcement %s was not told: %s", announcement.pk, error)


def tell(announcement: Announcement) -> None:
    """Tell an announcement now, once more if it has been told already.

    Raises Unavailable when Redis is away; then it is not known whether it was told.
    """
    user_id = announcement.user_id
    name = groups.SYSTEM if user_id is None else groups.of_user(user_id, "notifications")
    logs.append(name, {"kind": "announcement", "text": announcement.text, "from": _name(announcement.created_by)})
    announcement.told = timezone.now()
    announcement.save(update_fields=["told"])


def _name(user: User | None) -> str:
    """As people call them; what they sign in with only where nothing else is known."""
    return (user.get_full_name() or user.get_username()) if user else "staff"
