"""The doorbell of the doctor."""

import sys
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from ticker.services import doctor
from ticker.services.doctor import State


class Command(BaseCommand):
    help = (
        "Say on one page what runs, what lags, what is missing, and what to do. Exits with 1 where something is broken."
    )
    requires_system_checks = ()  # it is asked when something is wrong: `manage.py check` has its own say

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"TradeDash, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n\n")
        states = []
        for finding in doctor.examine():
            states.append(finding.state)
            self.stdout.write(f"{finding.state:<5} {finding.about:<11} {finding.says}")
            if finding.advice:
                self.stdout.write(f"{'':<17} → {finding.advice}")
        bad, look = states.count(State.BAD), states.count(State.LOOK)
        self.stdout.write(f"\n{_verdict(bad, look)}")
        if bad:
            sys.exit(1)


def _verdict(bad: int, look: int) -> str:
    if bad:
        return f"{bad} broken." if not look else f"{bad} broken, {look} to look at."
    return "All is well." if not look else f"All works, {look} to look at."
