"""Access tokens for staff, who make them for users and revoke them; and who was locked out for guessing passwords."""

from typing import Any

from axes.admin import AccessAttemptAdmin
from axes.models import AccessAttempt
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm, SplitDateTimeField
from django.http import HttpRequest
from django.utils import timezone

from ticker.models import AccessToken
from ticker.services import accounts

# To delete a row is to forgive. The other tables of axes stay empty here, and are not shown.
admin.site.register(AccessAttempt, AccessAttemptAdmin)


class NewTokenForm(ModelForm):
    expires = SplitDateTimeField(
        required=False, widget=AdminSplitDateTime, help_text="UTC. Empty: it is good until it is revoked."
    )

    class Meta:
        model = AccessToken
        fields = ("user", "name", "expires")

    def clean_expires(self) -> Any:
        expires = self.cleaned_data["expires"]
        if expires is not None and expires <= timezone.now():
            raise ValidationError("This moment has passed.")
        return expires


@admin.register(AccessToken)
class AccessTokenAdmin(admin.ModelAdmin):
    form = NewTokenForm
    list_display = ("name", "user", "created", "last_used", "expires")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    autocomplete_fields = ("user",)

    def get_fields(self, request: HttpRequest, obj: AccessToken | None = None) -> Any:
        return self.list_display if obj else NewTokenForm.Meta.fields

    def has_change_permission(self, request: HttpRequest, obj: AccessToken | None = None) -> bool:
        return False  # another user or a longer life is another token

    def save_model(self, request: HttpRequest, obj: AccessToken, form: Any, change: bool) -> None:
        text = accounts.issue(obj)
        self.message_user(
            request, f"The token of {obj.user}; copy it now, it is not shown again: {text}", messages.WARNING
        )

    def delete_model(self, request: HttpRequest, obj: AccessToken) -> None:
        accounts.revoke(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        for token in queryset:
            accounts.revoke(token)
