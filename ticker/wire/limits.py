"""How fast one client may speak: a token bucket, told the time by its caller."""

from dataclasses import dataclass, field


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
