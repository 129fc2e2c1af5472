"""What programs show instead of a password."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class AccessToken(models.Model):
    """A token of one user, of which only the digest is kept: its text was shown once, when it was made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=80, help_text="What it is for: the program or the machine that will use it.")
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 of the text, as hex
    proof = models.CharField(max_length=64, editable=False)  # of the user's password then: a new one ends the token
    created = models.DateTimeField(auto_now_add=True)
    last_used = models.DateTimeField(null=True, blank=True, editable=False)  # to the minute
    expires = models.DateTimeField(null=True, blank=True, help_text="Empty: it is good until it is revoked.")

    class Meta:
        ordering = ["-created", "-pk"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="access_token_has_name")]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
