"""Why a connection ends, and whether its client should come back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goodbye:
    """A close code with its reason. 4000–4099: come back soon, 4100–4499: after 5 s or more, 4500–4999: do not."""

    code: int
    reason: str

    @property
    def reconnect(self) -> bool:
        return self.code < 4500

    @property
    def after_ms(self) -> tuple[int, int] | None:
        """The window in which clients come back, each at a random moment of it."""
        if self.code < 4100:
            return (0, 5_000)
        return (5_000, 15_000) if self.code < 4500 else None


RESTART = Goodbye(4000, "restart")
MAX_AGE = Goodbye(4001, "maximum age")
SLOW = Goodbye(4002, "slow consumer")
OVERLOADED = Goodbye(4100, "overloaded")
RATE_LIMITED = Goodbye(4101, "rate limited")
INTERNAL = Goodbye(4102, "internal")
PROTOCOL_ERROR = Goodbye(4500, "protocol error")
FORBIDDEN = Goodbye(4503, "signed out")
TOO_MANY = Goodbye(4504, "too many connections")
TOO_BIG = Goodbye(4505, "message too big")
REMOVED = Goodbye(4506, "removed by staff")
