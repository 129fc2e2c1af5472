"""Every HTTP address of the markets (real time: routing.py)."""

from django.urls import URLPattern

app_name = "ticker"
urlpatterns: list[URLPattern] = []
