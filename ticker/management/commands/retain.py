"""The doorbell of retention."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ticker.models import Pair
from ticker.services import retention


class Command(BaseCommand):
    help = "Delete trades older than TICKER_KEEP_TRADES_DAYS; candles are kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=settings.KEEP_TRADES_DAYS, help="instead of the setting")

    def handle(self, *, days: int, **options: Any) -> None:
        if days < 0:
            raise CommandError(f"--days {days}: expected 0 (for ever) or more")
        if days == 0:
            self.stdout.write("Trades are kept for ever.")
            return
        for pair in Pair.objects.all():
            deleted = sum(retention.forget(pair, keep_days=days, now_ms=time.time_ns() // 1_000_000))
            self.stdout.write(f"{pair.symbol}: {deleted:,} trades deleted")
