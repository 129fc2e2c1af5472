"""Tells a run as tables: for the terminal, and for docs/performance.md."""

from collections.abc import Iterator, Sequence

from bench.counting import percentile
from bench.figures import FanOut, Measured, Run
from bench.goals import goals

MARKS = {True: "yes", False: "**no**", None: "not measured"}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also line up in a terminal; the first column is words, the others numbers."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [cells[0].ljust(widths[0])] + [
            cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    rule = "|".join(["", "-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:]), ""])
    return "\n".join((line(head), rule, *(line(row) for row in rows)))


def fan_out(run: Run) -> str:
    """Deliveries per CPU-second, and how old a trade is when it arrives."""
    rows = [
        (measured.name if number == 0 else "", f"{rate:,}", *_cells(measured, rate))
        for measured in run.servers
        for number, rate in enumerate(run.rates)
    ]
    head = ("server", "trades/s", "deliveries per CPU-s", "delivered", "lost", "CPU", "p50 ms", "p99 ms", "memory MB")
    return table(head, rows)


def _cells(measured: Measured, rate: int) -> tuple[str, ...]:
    found = measured.fan_outs.get(rate)
    if found is None:
        return (measured.why_not or measured.notes.get(rate, "not measured"), *("–",) * 6)
    expected = found.published * found.clients
    return (
        f"{found.per_cpu_s:,.0f}",
        f"{found.delivered / expected:.0%}" if expected else "–",
        f"{found.missing:,}",
        f"{found.cpu_s / found.seconds:.0%}",
        *_ages(found),
        f"{found.memory_kb / 1024:.0f}",
    )


def _ages(found: FanOut) -> tuple[str, str]:
    if not found.ages_ms:
        return "–", "–"
    p50, p99 = (f"{percentile(found.ages_ms, percent):,.1f}" for percent in (50, 99))
    return p50, p99


def connections(run: Run) -> str:
    """What it costs to let clients in, and to have them."""
    rows = [
        (
            (measured.name, f"{measured.idle.accepted_per_cpu_s:,.0f}", f"{measured.idle.kb_each:.1f}")
            if measured.idle
            else (measured.name, measured.why_not or "not measured", "–")
        )
        for measured in run.servers
    ]
    return table(("server", "accepted per CPU-s", "KB per idle connection"), rows)


def promises(run: Run) -> str:
    """Each figure that is promised, and whether it was reached."""
    rows = [(goal.what, goal.goal, goal.found, MARKS[goal.kept]) for goal in goals(run)]
    return table(("figure", "goal", "found", "reached"), rows)


def load(run: Run) -> Iterator[str]:
    """Whether the tools were ever what limited a figure, in sentences."""
    for measured in run.servers:
        for rate, found in measured.fan_outs.items():
            for who, cpu_s in (("load generator", found.load_cpu_s), ("publisher", found.feed_cpu_s)):
                if cpu_s > 0.9 * found.seconds:
                    share = cpu_s / found.seconds
                    yield f"{measured.name} at {rate:,} trades/s: the {who} used {share:.0%} of a core and may have been the limit."
            if found.published < 0.95 * rate * found.seconds:
                reached = found.published / found.seconds
                yield f"{measured.name} at {rate:,} trades/s: only {reached:,.0f} trades/s were published."


def tools(run: Run) -> str:
    """What the load generator, the publisher, and everything on the machine together took of one core."""
    rows = [
        (
            measured.name,
            *(
                " · ".join(
                    f"{cpu_s / found.seconds:.0%}"
                    for cpu_s in (found.load_cpu_s, found.feed_cpu_s, found.machine_cpu_s)
                )
                if (found := measured.fan_outs.get(rate))
                else "–"
                for rate in run.rates
            ),
        )
        for measured in run.servers
    ]
    return table(("clients · publisher · whole machine", *(f"{rate:,}/s" for rate in run.rates)), rows)


def missed(run: Run) -> list[str]:
    """The goals that were not reached, in sentences."""
    return [f"{goal.what}: {goal.found}; the goal is {goal.goal}." for goal in goals(run) if goal.kept is False]


def terminal(run: Run) -> str:
    parts = [fan_out(run), connections(run), promises(run), tools(run), *load(run)]
    return "\n\n".join(parts).replace("**", "  ")


def page(run: Run, *, command: str) -> str:
    """docs/performance.md."""
    first = next((found for measured in run.servers for found in measured.fan_outs.values()), None)
    window = f"{first.seconds:.0f} s" if first else "–"
    sentences = missed(run)
    said = "\n".join(f"- {one}" for one in sentences) if sentences else "Every goal that could be measured was reached."
    machine = "\n".join(f"- {name}: {value}" for name, value in run.machine.items())
    notes = "\n".join(f"- {one}" for one in load(run)) or "- Neither was ever the limit."
    return PAGE.format(
        promises=promises(run),
        missed=said,
        fan_out=fan_out(run),
        connections=connections(run),
        tools=tools(run),
        notes=notes,
        machine=machine,
        command=command,
        clients=run.clients,
        window=window,
        minutes=f"{run.seconds / 60:.0f}",
    )


PAGE = """\
# Performance

How fast TradeDash tells its clients what was traded, beside what else one could have built: Channels as every tutorial
has it, Node `ws` with a Redis subscription, and Socket.IO with its Redis adapter. The same trades went through the same Redis
to the same number of clients, in one run on one machine, one serving process each.

![Deliveries per CPU-second of each server at each rate](performance.svg)

## What was promised, and what was found

{promises}

{missed}

## Trades to {clients} clients

{fan_out}

*Deliveries per CPU-second* is how many messages reached clients for each second of processor time (user and system) that the
serving process used. It is the robust figure: how long things take by the wall also depends on what else the machine does.
*Delivered* is the share of published trades times clients that arrived within the window; *lost*
how many trades the eight clients that look at each one never got; *CPU* what the process used of one core.
A server that had a processor and still delivered less than half of what was due is not asked for more, and its row says so.

## Connections

{connections}

## How it is measured

- **One trade, one message.** Each trade is published by itself at the given rate, though TradeDash's simulator would put what happens
  within 40 ms into one batch. For TradeDash it goes the whole way: appended to the stream by a script, announced to the group, heard by
  the hub, which makes the frame. For the others it is one `group_send`, one `PUBLISH`, or one message in the protocol of
  Socket.IO's emitter. All clients get the same JSON, about 180 bytes; none of it is compressed.
- **The peers** are in `bench/peers/`, a few dozen lines each, written as their documentation teaches. Channels runs under stock Daphne.
- **The clients** are raw sockets in one process (`bench/clients.py`). Each counts the trades it hears; eight of them look at each one.
- **CPU** is read from `/proc/<pid>/stat` and **memory** from `VmRSS` of the serving process, over a window of {window} in all, after warming up.
- **Latency** is from the moment before a trade is published, told in the message in whole milliseconds (so a figure is up to 1 ms too
  long), to the moment at which the client has it. It includes the stream, the group, Redis, and the clients' own turn on the processor.
- **Accepted** counts until each client follows the trades, so TradeDash's figure includes its greeting and its subscription.
- **Idle memory** is the growth of `VmRSS` by 1,000 clients that follow and hear nothing, divided by 1,000.
- **Coming back at once**: 1,000 clients are cut off, miss 200 trades, and all connect in the same moment, each with its position, while
  trades go on. Afterwards each client's trades are compared with what was published, one by one.
- **The client that reads nothing** follows and never reads. It cannot know that it was closed, so the kernel is asked for the server's side.

What the clients, the publisher, and everything on the machine together (the server, Redis and strangers included) used meanwhile,
as a share of one core:

{tools}

{notes}

## Machine and command

{machine}

The machine was shared with other work during the run, and its cores also carried Redis, the publisher and the clients. So read the ratios
between rows, not the absolute figures, and expect latencies to be better where there are more cores. The run took {minutes} minutes:

```
{command}
```

`BENCH=quick make bench` takes two minutes and writes nothing. Without Node, the Node rows say so.
"""
