"""What has to be there before anything serves: tables, pairs with their history, static files, a way in for staff."""

import hashlib
import shlex
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError

from ticker.models import Pair
from ticker.services import history, pairs
from tradedash import env, storage

# Not served by any page; ReDoc would ask a foreign host for its fonts.
LEFT_OUT = ("redoc",)

# `manage.py createsuperuser` knows the same names.
STAFF_NAME = env.text("DJANGO_SUPERUSER_USERNAME")
STAFF_PASSWORD = env.text("DJANGO_SUPERUSER_PASSWORD")
STAFF_EMAIL = env.text("DJANGO_SUPERUSER_EMAIL")


class Command(BaseCommand):
    help = "Create or update tables, pairs, history, static files and the first staff user; safe to repeat."

    def handle(self, **options: Any) -> None:
        try:
            self.migrate()
            self.list_pairs()
            self.make_history()
            self.let_staff_in()
        except (DatabaseError, InterfaceError) as error:
            sys.exit(f"error: DATABASE_URL: the database cannot be used: {' '.join(str(error).split())}")
        self.collect()

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def migrate(self) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        self.say("database: tables are up to date")

    def list_pairs(self) -> None:
        if settings.PAIRS:
            pairs.list_only(settings.PAIRS)
        elif not Pair.objects.exists():
            pairs.ensure(settings.DEFAULT_PAIRS)
        self.say(f"pairs: {', '.join(str(pair) for pair in pairs.shown())}")

    def make_history(self) -> None:
        for pair in pairs.shown():
            started_s = time.monotonic()
            # The symbol is part of the seed, or all pairs would have the same chart.
            rng = Random(f"{pair.symbol} {pair.seed}")
            if history.make(pair, until_ms=time.time_ns() // 1_000_000, rng=rng):
                took_s = time.monotonic() - started_s
                self.say(f"history: {pair.symbol} 30 days of minutes, 1 year of hours … {took_s:.1f} s")

    def let_staff_in(self) -> None:
        users = get_user_model().objects
        if STAFF_NAME and not users.filter(username=STAFF_NAME).exists():
            if not STAFF_PASSWORD:
                sys.exit(
                    f"error: DJANGO_SUPERUSER_USERNAME={STAFF_NAME!r} is new: DJANGO_SUPERUSER_PASSWORD is missing"
                )
            users.create_superuser(STAFF_NAME, STAFF_EMAIL, STAFF_PASSWORD)
            self.say(f"staff: {STAFF_NAME} may sign in at /admin/")
        elif not users.filter(is_staff=True, is_active=True).exists():
            self.say(f"staff: nobody yet; to create the first user: {self.in_shell('createsuperuser')}")

    def in_shell(self, command: str) -> str:
        """The command as it is to be typed where `make run` was, reaching the same database."""
        beside = [sys.executable, "manage.py"]
        if Path(sys.executable).is_relative_to(settings.BASE_DIR):
            beside[0] = str(Path(sys.executable).relative_to(settings.BASE_DIR))
        usual = settings.DATA_DIR == settings.BASE_DIR / "var"
        where = [] if usual else [f"DATA_DIR={shlex.quote(str(settings.DATA_DIR))}"]
        return " ".join([*where, *beside, command])

    def collect(self) -> None:
        digest, kept = collected_digest(), settings.DATA_DIR / "static.digest"
        if kept.is_file() and kept.read_text() == digest and settings.STATIC_ROOT.is_dir():
            return
        started_s = time.monotonic()
        kept.unlink(missing_ok=True)  # killed half-way, the next start collects again
        # Cleared, because collectstatic leaves alone what has not changed, also when our storage writes it otherwise.
        call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=list(LEFT_OUT))
        kept.write_text(digest)
        self.say(f"static files: collected … {time.monotonic() - started_s:.1f} s")


def collected_digest() -> str:
    """Changes whenever collecting again would change anything: a file, or what rewrites and compresses them."""
    digest = hashlib.sha256()
    for line in sorted(static_files()):
        digest.update(line.encode())
    digest.update(Path(storage.__file__).read_bytes())
    digest.update(repr((version("django"), version("whitenoise"), settings.STORAGES, LEFT_OUT)).encode())
    return digest.hexdigest()


def static_files() -> Iterator[str]:
    for finder in get_finders():
        for name, place in finder.list(list(LEFT_OUT)):
            found = Path(place.path(name)).stat()
            yield f"{getattr(place, 'prefix', '')}/{name} {found.st_size} {found.st_mtime_ns}\n"
