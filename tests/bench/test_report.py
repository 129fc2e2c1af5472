import xml.etree.ElementTree as ET

import pytest

from bench import plot, report
from bench.figures import FanOut, Idle, Measured, Run, Slow, Storm
from bench.goals import goals


def fan_out(rate: int, per_cpu_s: float, *, age_ms: float = 3.0, share: float = 1.0) -> FanOut:
    """Ten seconds at this rate for ten clients."""
    delivered = int(rate * 10 * 10 * share)
    return FanOut(
        rate=rate,
        clients=10,
        seconds=10.0,
        published=rate * 10,
        delivered=delivered,
        cpu_s=delivered / per_cpu_s,
        ages_ms=[age_ms] * 100,
        memory_kb=102_400,
    )


@pytest.fixture
def run() -> Run:
    """A run in which TradeDash is good at 20 trades/s and not at 500, on a machine that knows no Socket.IO."""
    ours = Measured(
        "ours", "TradeDash", {20: fan_out(20, 60_000), 500: fan_out(500, 200_000)}, idle=Idle(100, 1500, 26)
    )
    core = Measured(
        "core", "Channels, core layer", {20: fan_out(20, 3_000, share=0.4)}, {500: "skipped: behind at 20/s"}
    )
    ws = Measured("ws", "Node ws", {20: fan_out(20, 50_000), 500: fan_out(500, 100_000)})
    socketio = Measured("socketio", "Socket.IO", why_not="no Node on this machine")
    return Run(
        (20, 500),
        10,
        {"processor": "a <small> one"},
        [ours, core, ws, socketio],
        storm=Storm(1_000, 200, 2.5, 0, 1.0),
        slow=Slow(1_000, 10, None, 100, 50.0, 50.0),
        seconds=120.0,
    )


def kept(run: Run, word: str) -> list[bool | None]:
    return [goal.kept for goal in goals(run) if word in goal.what]


def test_figures_of_several_rounds_are_those_of_one_long_round():
    both = fan_out(20, 50_000)
    both.add(fan_out(20, 100_000))
    assert both.per_cpu_s == pytest.approx(4_000 / (2_000 / 50_000 + 2_000 / 100_000))
    assert both.seconds == 20


def test_a_server_is_behind_when_less_than_half_arrives():
    assert fan_out(500, 3_000, share=0.49).is_behind
    assert not fan_out(500, 3_000, share=0.5).is_behind


def test_a_server_that_got_no_processor_is_not_behind():
    assert not fan_out(20, 100_000, share=0.4).is_behind


def test_each_promise_is_judged(run):
    assert kept(run, "at 20 trades/s") == [True, True]
    assert kept(run, "at 500 trades/s") == [False]
    assert kept(run, "at 1,000 trades/s") == [None]
    assert kept(run, "idle memory") == [False]
    assert kept(run, "accepted") == [True]
    assert kept(run, "come back") == [True]
    assert kept(run, "reads nothing") == [False]
    assert kept(run, "other 10 clients") == [True]


def test_what_was_measured_at_another_rate_is_not_judged(run):
    run.servers[0].fan_outs[500].published = 2_000
    (goal,) = [goal for goal in goals(run) if "at 500 trades/s" in goal.what]
    assert goal.kept is None
    assert goal.found == "2.0 ×, but only 200 trades/s came"


def test_what_was_missed_is_said_plainly(run):
    page = report.page(run, command="make bench")
    assert "- idle memory per connection: 26.0 KB; the goal is ≤ 25 KB." in page
    assert "- deliveries per CPU-second at 500 trades/s: 2.0 ×; the goal is ≥ 4 × Node ws." in page
    assert "a <small> one" in page


def test_the_table_has_a_row_for_each_server_and_rate_measured_or_not(run):
    head, rule, *rows = report.fan_out(run).splitlines()
    assert len(rows) == 4 * 2
    assert len({len(row) for row in (head, rule, *rows)}) == 1
    assert {row.count("|") for row in (head, rule, *rows)} == {10}
    assert "60,000" in rows[0]
    assert "100%" in rows[0]
    assert "40%" in rows[2]
    assert "skipped: behind at 20/s" in rows[3]
    assert "no Node on this machine" in rows[6]


def test_it_is_said_when_the_tools_were_the_limit(run):
    found = run.servers[0].fan_outs[500]
    found.load_cpu_s = 9.5
    found.published = 4_000
    sentences = list(report.load(run))
    assert sentences[0].startswith("TradeDash at 500 trades/s: the load generator used 95% of a core")
    assert sentences[1] == "TradeDash at 500 trades/s: only 400 trades/s were published."


def test_a_run_with_nothing_in_it_can_be_told():
    empty = Run((20,), 10, {}, [Measured("ours", "TradeDash", why_not="nothing")])
    assert "not measured" in report.page(empty, command="make bench")
    ET.fromstring(plot.svg(empty))


def test_the_plot_has_a_bar_for_each_figure_and_says_them_to_who_cannot_see(run):
    root = ET.fromstring(plot.svg(run))
    boxes = root.findall("{http://www.w3.org/2000/svg}rect")
    figures = sum(len(measured.fan_outs) for measured in run.servers)
    assert len(boxes) == 1 + len(run.servers) + figures
    assert "TradeDash at 20: 60,000" in root.attrib["aria-label"]
    assert all(float(box.attrib["height"]) > 0 for box in boxes)
