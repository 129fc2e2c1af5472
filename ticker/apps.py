"""The one Django app of TradeDash."""

from django.apps import AppConfig


class TickerConfig(AppConfig):
    name = "ticker"
    verbose_name = "Markets"

    def ready(self) -> None:
        from ticker import checks  # noqa: F401  (registers the system checks)
