"""How fast one client may speak: a token bucket, told the time by its caller."""

from dataclasses import dataclass, field

OVER_RATE_FOR_S = 60.0  # over the rate for so long ends a connection …
OVER_RATE_MOST = 1_000  # … and so do this many refused messages sooner
CALM_AFTER_S = 5.0  # without a refusal for so long, the rate counts as kept


@dataclass(slots=True)
class Bucket:
    """Allows `per_s` a second in the long run and `burst` at once."""

    per_s: float
    burst: float
    _tokens: float = field(init=False)
    _at_s: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def take(self, now_s: float) -> float:
        """Take one; 0 if it was there, else how many seconds until one will be. `now_s` is monotonic."""
        if self._at_s is not None:
            self._tokens = min(self.burst, self._tokens + (now_s - self._at_s) * self.per_s)
        self._at_s = now_s
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self.per_s


@dataclass(slots=True)
class Rate:
    """How fast one connection may speak, and when its refusals have been enough."""

    bucket: Bucket
    _refused: int = 0
    _refused_at: float = float("-inf")
    _over_since: float = float("-inf")

    def take(self, now_s: float) -> float:
        """Speak once; 0 if that is allowed, else how many seconds until it will be."""
        wait_s = self.bucket.take(now_s)
        if wait_s:
            if now_s - self._refused_at > CALM_AFTER_S:
                self._over_since, self._refused = now_s, 0
            self._refused_at = now_s
            self._refused += 1
        return wait_s

    @property
    def is_enough(self) -> bool:
        """Whether the rate was not kept for so long, or so often, that the connection ends."""
        return self._refused_at - self._over_since > OVER_RATE_FOR_S or self._refused > OVER_RATE_MOST
