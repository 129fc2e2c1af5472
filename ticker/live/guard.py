"""Sees to it that nobody keeps what was given to somebody: private channels end with the sign-in, counts with the process."""

import asyncio
import logging
from typing import TYPE_CHECKING

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from ticker.live import admission
from ticker.services import accounts
from ticker.wire import closing

if TYPE_CHECKING:
    from ticker.live.hub import Hub

log = logging.getLogger(__name__)

ASK_EVERY_S = 1.0  # signing out is promised to end private channels within two seconds


class Guard:
    """Looks after the followers of one hub."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    async def watch(self) -> None:
        """Close who is not signed in any more.

        Who follows nothing private stays, as nobody. The database is asked: a message that somebody has signed out might
        get lost, and SQL sends none. Where nobody has signed in, nothing is asked.
        """
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            signed_in = {one: one.client.identity for one in self._hub.followers if one.client.identity}
            if not signed_in:
                continue
            try:
                valid = await database_sync_to_async(accounts.still_valid)(set(signed_in.values()))
            except DatabaseError as error:
                log.warning("it is unknown who has signed out: %s", error)  # nobody can sign out without it, either
                continue
            for follower, identity in signed_in.items():
                if identity in valid:
                    continue
                follower.client.identity = None
                if follower.is_private:
                    follower.goodbye(closing.FORBIDDEN)

    async def count(self) -> None:
        """Say again and again which connections are here, for the limits of each address."""
        while True:
            await asyncio.sleep(admission.refresh_every_s())
            here: dict[str, list[str]] = {}
            for follower in (*self._hub.followers, *self._hub.listeners):
                here.setdefault(follower.client.address, []).append(follower.client.conn)
            await admission.refresh(here)
