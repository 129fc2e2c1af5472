"""Every address of the house; each room's own list is in ticker/urls.py."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("ticker.urls")),
]

# Whatever lies under /api/ answers in its own shape; everything else with the pages 400.html to 500.html.
handler400 = "ticker.api.errors.bad_request"
handler500 = "ticker.api.errors.server_error"
