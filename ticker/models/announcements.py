"""What staff have told everybody, or one user."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Announcement(models.Model):
    """One sentence or two by a member of staff."""

    text = models.CharField(max_length=500)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="announcements",
        verbose_name="for",
        help_text="Empty: everybody who follows the channel system, signed in or not.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created = models.DateTimeField(auto_now_add=True)
    told = models.DateTimeField(null=True, editable=False)  # empty while nobody could be told: Redis was away

    class Meta:
        ordering = ["-created", "-pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="announcement_says_something")]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:59]}…"
