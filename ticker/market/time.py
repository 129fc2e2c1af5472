"""Market time: the wall clock, except that it never goes back."""


class MarketClock:
    """Turns readings of the wall clock and of a monotonic clock into market time.

    When the wall clock is set back, market time goes on at nine tenths of its pace until the wall has caught up, so
    that trades neither stop nor travel back. When it is set forward, market time jumps with it.
    """

    PACE_AHEAD = 0.9

    def __init__(self, start_ms: int = 0) -> None:
        self._ms = float(start_ms)
        self._monotonic_s: float | None = None

    def not_before(self, time_ms: int) -> None:
        """Something has already happened at this time."""
        self._ms = max(self._ms, float(time_ms))

    def now(self, wall_ms: int, monotonic_s: float) -> int:
        """Market time in UTC ms; never less than at the last call."""
        passed_ms = 0.0 if self._monotonic_s is None else (monotonic_s - self._monotonic_s) * 1000
        self._monotonic_s = monotonic_s
        self._ms = max(float(wall_ms), self._ms + passed_ms * self.PACE_AHEAD)
        return int(self._ms)
