"""Every HTTP address of the markets (real time: routing.py)."""

from django.urls import URLPattern, path

from ticker.pages import health

app_name = "ticker"
urlpatterns: list[URLPattern] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
