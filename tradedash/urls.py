"""Every address of the house; each room's own list is in ticker/urls.py."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("ticker.urls")),
]
