"""The newest ticker of each pair, from Redis or from the record."""

from decimal import Decimal

import msgspec
import pytest

from tests.kit.builders import pair_row, trade
from tests.kit.record import recorded, run_of
from ticker.bus.redis import key
from ticker.market.candles import DAY, MINUTE, fold
from ticker.market.tickers import LastDay
from ticker.market.trades import Quote
from ticker.services import tickers

pytestmark = pytest.mark.django_db
WIRE = {
    "last": "142.05",
    "bid": "142.04",
    "ask": "142.06",
    "open": "140.00",
    "high": "143.00",
    "low": "139.00",
    "vol": "12.5",
    "qvol": "1775.625",
    "chg": "1.46",
}


def test_what_redis_knows_is_what_is_told(redis):
    head = {"epoch": "e", "seq": 7, "time_ms": 5_000, "trade_ms": 4_000, "ticker_seq": 9}
    redis.hset(key("head", "SOLUSDT"), mapping=head | {"ticker": msgspec.json.encode(WIRE)})
    row = tickers.newest([pair_row()], now_ms=5_250)["SOLUSDT"]
    assert (row.seq, row.time_ms, row.age_ms, row.quoted) == (7, 4_000, 250, True)
    assert (row.ticker.last, row.ticker.bid, row.ticker.volume) == (
        Decimal("142.05"),
        Decimal("142.04"),
        Decimal("12.5"),
    )


def test_a_pair_that_redis_does_not_know_is_told_from_the_record(redis):
    run = run_of(4)
    row = tickers.newest([recorded(run)], now_ms=10_000)["SOLUSDT"]
    assert (row.ticker.last, row.seq, row.time_ms, row.age_ms, row.quoted) == (run[-1].price, 4, 3_000, 7_000, False)


def test_without_redis_the_record_tells_the_same_day_as_the_market_does():
    run = [*run_of(3), *run_of(40, at=MINUTE, every_ms=DAY // 30, first=4)]
    day = LastDay(fold(run, "1m"))
    told = tickers.newest([recorded(run)])["SOLUSDT"].ticker
    assert told == day.ticker(Quote(run[-1].price, run[-1].price))


def test_where_nothing_was_traded_there_is_nothing_to_tell():
    row = tickers.newest([pair_row()])["SOLUSDT"]
    assert (row.ticker, row.seq) == (None, 0)


def test_each_pair_has_its_own():
    pairs = [recorded([trade("142.00")]), recorded([trade("64000.00", pair="BTCUSDT")]), pair_row("ETHUSDT")]
    found = tickers.newest(pairs)
    assert {symbol: row.ticker and row.ticker.last for symbol, row in found.items()} == {
        "SOLUSDT": 142,
        "BTCUSDT": 64_000,
        "ETHUSDT": None,
    }
