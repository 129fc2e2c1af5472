"""The doorbell of the import."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ticker.feeds import files
from ticker.market.errors import BadRequest, Unavailable
from ticker.services import imports
from ticker.templatetags.moments import day_and_clock

SAY_EVERY_S = 2.0


class Command(BaseCommand):
    help = (
        "Load a file of recorded trades into the record of a pair that nobody feeds: our own CSV, or Binance's trades "
        "and aggTrades, also as a zip. The whole file is checked first; all of it is loaded, or nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--pair", help="SOLUSDT; as the file's name begins unless told; made where it is not there")

    def handle(self, *, file: Path, pair: str | None, **options: Any) -> None:
        now_ms = time.time_ns() // 1_000_000
        try:
            row = imports.pair_of(pair or imports.symbol_of(file.name))
            self.stdout.write(f"Checking {file} …")
            found = files.check(file, row.value, now_ms=now_ms)
            self.stdout.write(
                f"{found.trades:,} trades, {day_and_clock(found.first_ms)} to {day_and_clock(found.last_ms)} UTC."
            )
            if found.skipped:
                self.stdout.write(f"The file leaves out {found.skipped:,} numbers between them.")
            first, last = imports.load(
                row, files.read(file, row.value, now_ms=now_ms), progress=self._progress(found.trades)
            )
        except (BadRequest, Unavailable) as error:
            raise CommandError(f"{file}: {error.detail}; nothing was loaded") from None
        except DatabaseError as error:
            raise CommandError(f"The database does not take it: {error}; nothing was loaded") from None
        self.stdout.write(f"Loaded as trades {first:,} to {last:,} of {row}.")

    def _progress(self, total: int) -> Any:
        began = said = time.monotonic()

        def progress(count: int) -> None:
            nonlocal said
            now = time.monotonic()
            if now - said >= SAY_EVERY_S:
                said = now
                self.stdout.write(f"  {count:,} ({count / total:.0%}), {count / (now - began):,.0f} a second")

        return progress
