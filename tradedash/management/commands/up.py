"""`make run`: the whole of TradeDash on this machine."""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tradedash import data_lock, ports
from tradedash.console import Console
from tradedash.house import Failed, House


class Command(BaseCommand):
    help = "Run Redis, the simulator, the recorder and INSTANCES servers until stopped."
    requires_system_checks: list[str] = []  # `prepare` runs them, and says what is wrong before anything serves

    def handle(self, **options: Any) -> None:
        with said() as console, data_lock.held(settings.DATA_DIR) as killed, contextlib.ExitStack() as closing:
            # What a killed supervisor leaves behind is on its way out: its instances say goodbye to their clients.
            patience_s = settings.DRAIN_S + 5 if killed else 0.0
            numbers = range(settings.PORT, settings.PORT + settings.INSTANCES + 1)
            sockets = [
                closing.enter_context(ports.bind(settings.HOST, port, patience_s=patience_s)) for port in numbers
            ]
            try:
                asyncio.run(House(sockets, console.say).live())
            except Failed as error:
                refusal = error
            else:
                return
        sys.exit(f"error: {refusal}" if str(refusal) else 1)


@contextlib.contextmanager
def said() -> Iterator[Console]:
    """A console that has said everything before this ends; what stops the start is one sentence and exit code 1."""
    console = Console()
    try:
        yield console
    except (data_lock.Taken, ports.PortTaken) as error:
        console.close()
        sys.exit(f"error: {error}")
    finally:
        console.close()
