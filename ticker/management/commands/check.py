"""Django's own `check`, and with it what only an operator who asks should be told."""

from typing import Any

from django.core.checks.registry import registry
from django.core.management.commands import check

from ticker import checks


class Command(check.Command):
    """`migrate` and `collectstatic` run checks too, but work without Redis: these are registered for this command."""

    def handle(self, *labels: Any, **options: Any) -> None:
        before = set(registry.registered_checks)
        for asked_for in checks.ASKED_FOR:
            registry.register(asked_for, checks.TAG)
        try:
            super().handle(*labels, **options)
        finally:
            registry.registered_checks = before
