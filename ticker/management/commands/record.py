"""The doorbell of the recorder."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand

from ticker.workers.record import Recorder
from ticker.workers.running import until_stopped


class Command(BaseCommand):
    help = "Record every pair's trades and candles in the database until stopped."

    def handle(self, **options: Any) -> None:
        asyncio.run(until_stopped(Recorder().run))
