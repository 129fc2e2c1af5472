"""The past of a market that has only just begun: candles that a trader would believe, ending where trading starts."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from ticker.market.candles import DAY, HOUR, MINUTE, open_at
from ticker.market.pairs import Pair
from ticker.market.rows import Row, merge

MINUTES_MS, HOURS_MS = 30 * DAY, 365 * DAY  # how far back each interval goes
YEAR_MINUTES = 365 * 24 * 60
WILDEST = 2.0  # volatility; a year of more than that runs out of the numbers that a database holds
USUAL_QUOTE_QTY = 730.0  # the mean trade of the simulated market, in quote currency
BUSIEST_MS = int(14.5 * HOUR)  # UTC: New York has just opened, London is still there
WEEKEND = (5, 6)  # Saturday, Sunday


@dataclass(frozen=True, slots=True)
class History:
    """Rows of minutes and of hours, oldest first, without a gap."""

    minutes: list[Row]
    hours: list[Row]


def history(pair: Pair, *, until_ms: int, rng: Random, rate: float) -> History:
    """30 days of minutes and a year of hours before the minute that holds `until_ms`; the last close is the start price.

    The hours of the last 30 days are exactly the merge of the minutes; the newest may be an unfinished one.
    `rate` is trades per second, so that volumes look like those to come.
    """
    end_ms = open_at(until_ms, "1m")
    minutes_ms = open_at(end_ms - MINUTES_MS, "1h")  # on the hour: no hour is half of minutes
    hours_ms = open_at(end_ms - HOURS_MS, "1h")
    ticks = int(pair.start_price / pair.price_tick)
    minutes = walk(pair, range(minutes_ms, end_ms, MINUTE), MINUTE, ends_at=ticks, rng=rng, rate=rate)
    older = walk(pair, range(hours_ms, minutes_ms, HOUR), HOUR, ends_at=minutes[0][1], rng=rng, rate=rate)
    return History(minutes, [*older, *merge(minutes, HOUR)])


def walk(pair: Pair, opens_ms: range, every_ms: int, *, ends_at: int, rng: Random, rate: float) -> list[Row]:
    """One row for each of these times; each opens where the one before closed, the last closes at `ends_at` ticks."""
    tick, step = float(pair.price_tick), float(pair.qty_step)
    moves, heats = zip(*paces(min(pair.volatility, WILDEST), opens_ms, every_ms, rng), strict=True)
    # The walk goes forward, its level is set by its end.
    level = math.log(ends_at) - sum(move for move, _ in moves)
    rows: list[Row] = []
    opened = max(1, round(math.exp(level)))
    gauss, random, exp, log, sqrt = rng.gauss, rng.random, math.exp, math.log, math.sqrt
    usual = rate * every_ms / 1000
    for open_ms, (move, sigma), heat in zip(opens_ms, moves, heats, strict=True):
        # How far a random walk strayed above and below its ends, drawn from the law of a Brownian bridge's maximum.
        top = (move + sqrt(move * move - 2 * sigma * sigma * log(1 - random()))) / 2
        bottom = (move - sqrt(move * move - 2 * sigma * sigma * log(1 - random()))) / 2
        closed = max(1, round(exp(level + move)))
        high = max(opened, closed, round(exp(level + top)))
        low = max(1, min(opened, closed, round(exp(level + bottom))))
        trades = max(1, round(usual * heat * exp(0.15 * gauss(0, 1))))
        size = USUAL_QUOTE_QTY / (closed * tick) / step * exp(0.25 * gauss(0, 1))
        volume = max(trades, round(trades * size))  # no trade is smaller than a step
        rows.append((open_ms, opened, high, low, closed, volume, volume * (opened + high + low + closed) // 4, trades))
        opened = closed
        level += move
    return rows


def paces(
    volatility: float, opens_ms: range, every_ms: int, rng: Random
) -> Iterator[tuple[tuple[float, float], float]]:
    """For each time the move of the log price, its deviation, and how busy the market is (1 is usual).

    Volatility wanders around its mean, so that calm and busy spans cluster, and follows the clock and the week.
    """
    usual = volatility * math.sqrt(every_ms / MINUTE / YEAR_MINUTES)
    keep = 0.5 ** (every_ms / (4 * HOUR))  # half of what is unusual is forgotten after four hours
    spread = 0.45
    kick = spread * math.sqrt(1 - keep * keep)
    gauss, exp, cos = rng.gauss, math.exp, math.cos
    unusual = 0.0
    for open_ms in opens_ms:
        unusual = keep * unusual + kick * gauss(0, 1)
        clock = 0.3 * cos(2 * math.pi * (open_ms % DAY - BUSIEST_MS) / DAY)
        week = -0.25 if (open_ms // DAY + 3) % 7 in WEEKEND else 0.0  # 1970 began on a Thursday
        heat = exp(unusual + clock + week - spread * spread / 2)
        sigma = usual * heat
        yield (sigma * gauss(0, 1), sigma), heat
