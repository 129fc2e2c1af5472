"""What TradeDash promises about its speed, and whether this run has kept it."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.counting import percentile
from bench.figures import FanOut, Run

RATIOS = (  # rate, beside whom, at least so many times
    (20, "ws", 1.2),
    (20, "core", 15.0),
    (500, "ws", 4.0),
    (1_000, "ws", 7.0),
)


@dataclass(frozen=True, slots=True)
class Goal:
    what: str
    goal: str
    found: str
    kept: bool | None  # None: could not be measured


def goals(run: Run) -> Iterator[Goal]:
    for rate, beside, least in RATIOS:
        yield _ratio(run, rate, beside, least)
    ours = run.of("ours")
    if ours is None:
        return
    for rate, p50_ms, p99_ms in ((20, 5.0, 20.0), (1_000, None, 60.0)):
        if found := ours.fan_outs.get(rate):
            yield _latency(found, p50_ms, p99_ms)
    if ours.idle:
        idle = ours.idle
        yield Goal("idle memory per connection", "≤ 25 KB", f"{idle.kb_each:.1f} KB", idle.kb_each <= 25)
        accepted = idle.accepted_per_cpu_s
        yield Goal("connections accepted per CPU-second", "≥ 1,200", f"{accepted:,.0f}", accepted >= 1_200)
    if run.storm:
        storm = run.storm
        yield Goal(
            f"{storm.clients:,} clients come back at once, each resuming {storm.missed} trades",
            "all live within 3 s, nobody misses one",
            f"{storm.seconds:.2f} s, {storm.wrong or 'none'} with a trade missing or doubled",
            storm.seconds <= 3 and not storm.wrong,
        )
    if run.slow:
        slow = run.slow
        closed = "not closed" if slow.closed_after_s is None else f"closed after {slow.closed_after_s:.1f} s"
        yield Goal(
            f"a client that reads nothing, {slow.rate:,} trades/s",
            "closed within 15 s, memory grows by < 5 MB",
            f"{closed}, {slow.grown_kb / 1024:+.1f} MB",
            slow.closed_after_s is not None and slow.closed_after_s <= 15 and slow.grown_kb < 5 * 1024,
        )
        yield Goal(
            f"… and the other {slow.others} clients",
            "p99 unchanged",
            f"p99 {slow.p99_ms:.0f} ms, {slow.p99_before_ms:.0f} ms before",
            slow.p99_ms <= max(1.25 * slow.p99_before_ms, slow.p99_before_ms + 5),
        )


def _ratio(run: Run, rate: int, beside: str, least: float) -> Goal:
    measured = run.of(beside)
    name = measured.name if measured else beside
    what = f"deliveries per CPU-second at {rate:,} trades/s"
    ours, theirs = run.figure("ours", rate), run.figure(beside, rate)
    if ours is None or theirs is None:
        return Goal(what, f"≥ {least:g} × {name}", "not measured", None)
    times = ours.per_cpu_s / theirs.per_cpu_s
    kept = times >= least if ours.was_fed and theirs.was_fed else None
    return Goal(what, f"≥ {least:g} × {name}", f"{times:.1f} ×{_unfed(ours)}", kept)


def _latency(found: FanOut, p50_ms: float | None, p99_ms: float) -> Goal:
    p50, p99 = (percentile(found.ages_ms, percent) for percent in (50, 99)) if found.ages_ms else (1e9, 1e9)
    goal = (f"p50 ≤ {p50_ms:g} ms, " if p50_ms else "") + f"p99 ≤ {p99_ms:g} ms"
    kept = p99 <= p99_ms and (p50_ms is None or p50 <= p50_ms) if found.was_fed else None
    what = f"publish to client, {found.rate:,} trades/s"
    return Goal(what, goal, f"p50 {p50:.1f} ms, p99 {p99:.1f} ms{_unfed(found)}", kept)


def _unfed(found: FanOut) -> str:
    return "" if found.was_fed else f", but only {found.published / found.seconds:,.0f} trades/s came"
