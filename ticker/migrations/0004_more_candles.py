"""Fills the intervals that are stored from now on, from the trades and the minutes and hours that are there."""

from django.db import migrations

# Of each span the prices at its ends, its extremes and its sums; `{first}` and `{final}` tell what came first and last.
FILL = """
    INSERT INTO ticker_candle (pair_id, "interval", open_ms, open_ticks, high_ticks, low_ticks, close_ticks,
                               volume_steps, quote_units, trades)
    SELECT span.pair_id, '{interval}', span.number * {every_ms}, first.{open}, span.high, span.low, final.{close},
           span.volume, span.quote, span.trades
    FROM (
        SELECT pair_id, {at} / {every_ms} AS number, MIN({order}) AS first, MAX({order}) AS final,
               MAX({high}) AS high, MIN({low}) AS low, SUM({volume}) AS volume, SUM({quote}) AS quote,
               SUM({trades}) AS trades
        FROM {table} WHERE {which} GROUP BY 1, 2
    ) AS span
    JOIN {table} AS first ON first.pair_id = span.pair_id AND first.{order} = span.first {and_first}
    JOIN {table} AS final ON final.pair_id = span.pair_id AND final.{order} = span.final {and_final}
"""
TRADES = {
    "table": "ticker_trade",
    "which": "1 = 1",
    "and_first": "",
    "and_final": "",
    "at": "time_ms",
    "order": "seq",
    "open": "price_ticks",
    "high": "price_ticks",
    "low": "price_ticks",
    "close": "price_ticks",
    "volume": "qty_steps",
    "quote": "price_ticks * qty_steps",
    "trades": "1",
}


def candles(interval):
    return {
        "table": "ticker_candle",
        "which": f"\"interval\" = '{interval}'",
        "and_first": f"AND first.\"interval\" = '{interval}'",
        "and_final": f"AND final.\"interval\" = '{interval}'",
        "at": "open_ms",
        "order": "open_ms",
        "open": "open_ticks",
        "high": "high_ticks",
        "low": "low_ticks",
        "close": "close_ticks",
        "volume": "volume_steps",
        "quote": "quote_units",
        "trades": "trades",
    }


def fill(apps, schema_editor):
    for interval, every_ms, source in (
        ("1s", 1_000, TRADES),
        ("15m", 900_000, candles("1m")),
        ("4h", 14_400_000, candles("1h")),
        ("1d", 86_400_000, candles("4h")),
    ):
        schema_editor.execute(FILL.format(interval=interval, every_ms=every_ms, **source))


def empty(apps, schema_editor):
    schema_editor.execute("DELETE FROM ticker_candle WHERE \"interval\" IN ('1s', '15m', '4h', '1d')")


class Migration(migrations.Migration):
    dependencies = [("ticker", "0003_stored_intervals")]

    operations = [migrations.RunPython(fill, empty)]
