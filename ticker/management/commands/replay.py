"""The doorbell of the replay."""

import asyncio
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ticker.feeds import files
from ticker.feeds.replay import Tape
from ticker.market.errors import BadRequest
from ticker.services import imports, pairs
from ticker.templatetags.moments import day_and_clock
from ticker.workers.replay import Replayer
from ticker.workers.running import until_stopped


def speed(text: str) -> float:
    """A speed between a thousandth and a hundred thousand times that of the recording."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0.001 <= found <= 100_000:
        raise ArgumentTypeError("expected a number from 0.001 to 100000")
    return found


class Command(BaseCommand):
    help = (
        "Play a file of recorded trades as the market of a pair, in place of its simulation: our own CSV, or Binance's "
        "trades and aggTrades, also as a zip. The other pairs are simulated meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--pair", help="SOLUSDT; as the file's name begins unless told")
        parser.add_argument("--speed", type=speed, default=1.0, help="10: ten times as fast as it happened")

    def handle(self, *, file: Path, pair: str | None, speed: float, **options: Any) -> None:
        now_ms = time.time_ns() // 1_000_000
        try:
            row = pairs.get(pair or imports.symbol_of(file.name))
            found = files.check(file, row.value, now_ms=now_ms)
        except BadRequest as error:
            raise CommandError(f"{file}: {error.detail}") from None
        lasts = timedelta(seconds=round((found.last_ms - found.first_ms) / speed / 1000))
        self.stdout.write(
            f"Replaying {found.trades:,} trades of {row}, {day_and_clock(found.first_ms)} to {day_and_clock(found.last_ms)} UTC, "
            f"at {speed:g} times their speed: {lasts}. Ctrl-C ends it."
        )
        tape = Tape(files.read(file, row.value, now_ms=now_ms))
        player = Replayer(row.symbol, tape, first_ms=found.first_ms, speed=speed, rate=settings.RATE)
        asyncio.run(until_stopped(player.run))
        if tape.error:
            raise CommandError(f"{file}: {tape.error}")
        self.stdout.write(f"Replayed {tape.taken:,} of {found.trades:,} trades of {row}.")
