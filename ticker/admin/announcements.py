"""Announcements for staff: written once, never changed, told again where nobody could be told."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from ticker.market.errors import Unavailable
from ticker.models import Announcement
from ticker.services import announcements

AWAY = "Redis is away"


@admin.register(Announcement)
class AnnouncementAdmin(admin.ModelAdmin):
    list_display = ("text", "audience", "created_by", "created", "told")
    list_select_related = ("user", "created_by")
    search_fields = ("text",)
    autocomplete_fields = ("user",)
    actions = ("tell_again",)

    def get_fields(self, request: HttpRequest, obj: Announcement | None = None) -> Any:
        return self.list_display if obj else ("text", "user")

    def has_change_permission(self, request: HttpRequest, obj: Announcement | None = None) -> bool:
        return False  # it has been read

    def has_delete_permission(self, request: HttpRequest, obj: Announcement | None = None) -> bool:
        # It goes only together with the user that it was for: the admin then asks us from that user's page.
        page = (request.resolver_match.url_name if request.resolver_match else None) or ""
        return page.startswith("auth_user_") and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Announcement, form: Any, change: bool) -> None:
        obj.created_by = request.user  # type: ignore[assignment]  # staff are signed in
        announcements.keep(obj)
        transaction.on_commit(lambda: self._say_if_untold(request, obj))

    def _say_if_untold(self, request: HttpRequest, announcement: Announcement) -> None:
        if announcement.told is None:
            self.message_user(
                request,
                f"{AWAY}: the announcement is kept, but nobody was told. Tell it again later.",
                messages.WARNING,
            )

    @admin.display(description="for", ordering="user")
    def audience(self, announcement: Announcement) -> str:
        return str(announcement.user or "everybody")

    @admin.action(description="Tell the selected announcements again", permissions=["add"])
    def tell_again(self, request: HttpRequest, queryset: QuerySet[Announcement]) -> None:
        told = 0
        for announcement in queryset.order_by("created", "pk"):
            try:
                announcements.tell(announcement)
            except Unavailable:
                self.message_user(request, f"{AWAY}: told {told} of {len(queryset)}.", messages.ERROR)
                return
            self.log_change(request, announcement, "Told again.")
            told += 1
        self.message_user(request, f"Told {told}.", messages.SUCCESS)
