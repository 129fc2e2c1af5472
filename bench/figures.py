"""What a run has measured, ready to be told."""

from dataclasses import dataclass, field

HAD_A_CORE = 0.6  # with less of it, on a machine with other work, being late may be the machine's fault


@dataclass(slots=True)
class FanOut:
    """One server at one rate; several rounds add up."""

    rate: int  # trades a second that were wanted
    clients: int
    seconds: float = 0.0
    published: int = 0
    delivered: int = 0
    cpu_s: float = 0.0
    ages_ms: list[float] = field(default_factory=list)  # of the sampled clients' trades when they came
    missing: int = 0  # trades that the sampled clients never got
    memory_kb: int = 0
    load_cpu_s: float = 0.0  # of the load generator
    feed_cpu_s: float = 0.0  # of the publisher
    machine_cpu_s: float = 0.0  # of everything that ran on this machine, Redis and strangers included

    @property
    def per_cpu_s(self) -> float:
        """Deliveries for each CPU-second of the serving process."""
        return self.delivered / max(self.cpu_s, 0.01)

    @property
    def is_behind(self) -> bool:
        """Whether more than half was not delivered in time, though the server was not kept from the processor."""
        return self.delivered < self.published * self.clients / 2 and self.cpu_s > HAD_A_CORE * self.seconds

    @property
    def was_fed(self) -> bool:
        """Whether the publisher kept the rate; a figure at another rate answers another question."""
        return self.published >= 0.9 * self.rate * self.seconds

    def add(self, other: "FanOut") -> None:
        self.seconds += other.seconds
        self.published += other.published
        self.delivered += other.delivered
        self.cpu_s += other.cpu_s
        self.ages_ms += other.ages_ms
        self.missing += other.missing
        self.memory_kb = max(self.memory_kb, other.memory_kb)
        self.load_cpu_s += other.load_cpu_s
        self.feed_cpu_s += other.feed_cpu_s
        self.machine_cpu_s += other.machine_cpu_s


@dataclass(frozen=True, slots=True)
class Idle:
    """Many connections to one server, with nothing to say."""

    clients: int
    accepted_per_cpu_s: float
    kb_each: float


@dataclass(frozen=True, slots=True)
class Storm:
    """Many who come back at once, each with what it missed."""

    clients: int
    missed: int  # trades for each
    seconds: float  # until the last was live
    wrong: int  # clients that missed a trade or got one twice
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Slow:
    """One client that reads nothing, among others who do."""

    rate: int
    others: int
    closed_after_s: float | None  # None: it was not, as long as we watched
    grown_kb: int
    p99_before_ms: float
    p99_ms: float


@dataclass(slots=True)
class Measured:
    """One server's row."""

    key: str
    name: str
    fan_outs: dict[int, FanOut] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)  # why a rate has no figure
    idle: Idle | None = None
    why_not: str = ""  # why nothing was measured


@dataclass(slots=True)
class Run:
    """Everything."""

    rates: tuple[int, ...]
    clients: int
    machine: dict[str, str]
    servers: list[Measured] = field(default_factory=list)
    storm: Storm | None = None
    slow: Slow | None = None
    seconds: float = 0.0

    def of(self, key: str) -> Measured | None:
        return next((measured for measured in self.servers if measured.key == key), None)

    def figure(self, key: str, rate: int) -> FanOut | None:
        measured = self.of(key)
        return measured.fan_outs.get(rate) if measured else None

    def per_cpu_s(self, key: str, rate: int) -> float | None:
        found = self.figure(key, rate)
        return found.per_cpu_s if found else None
