"""The doorbell of the simulator."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ticker.workers.running import until_stopped
from ticker.workers.simulate import Simulator


class Command(BaseCommand):
    help = "Simulate trades for every listed pair until stopped; further ones stand by."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rate", type=float, default=settings.RATE, help="trades per second, for pairs without a rate of their own"
        )

    def handle(self, *, rate: float, **options: Any) -> None:
        asyncio.run(until_stopped(Simulator(rate=rate).run))
