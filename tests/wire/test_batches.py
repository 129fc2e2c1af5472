"""What a publisher writes is what hubs, recorders and the next publisher read."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.builders import trade
from ticker.market.tickers import Ticker
from ticker.market.trades import Side, Trade
from ticker.wire import batches
from ticker.wire.batches import Batch

numbers = st.decimals(min_value="1E-10", max_value=10**9, places=10, allow_nan=False)
trades = st.builds(
    Trade,
    pair=st.just("SOLUSDT"),
    seq=st.integers(1, 2**53),
    price=numbers,
    qty=numbers,
    side=st.sampled_from(Side),
    time_ms=st.integers(0, 2**53),
)


@given(trades)
def test_a_trade_comes_back_as_it_was(one):
    assert batches.trade("SOLUSDT", batches.item(one)) == one


@given(st.lists(trades, max_size=5), st.integers(0, 2**53), st.none() | st.text(max_size=20))
def test_a_batch_comes_back_as_it_was(made, number, note):
    ticker = msgspec.Raw(json.dumps(note and {"last": note}).encode())
    items = [msgspec.Raw(batches.item(one)) for one in made]
    batch = Batch("SOLUSDT", "k3x9f1", number, number, number, number, items, number, ticker)
    found = batches.load(batches.dump(batch))
    assert batches.trades("SOLUSDT", found.trades) == made
    assert (found.epoch, found.from_, found.seq, found.t, found.ticker_seq) == ("k3x9f1", *[number] * 4)
    assert json.loads(bytes(found.ticker)) == json.loads(bytes(ticker))


def test_an_item_is_what_clients_are_promised():
    one = trade("142.35", qty="3.2", seq=1043, at=1_790_000_000_011)
    assert batches.item(one) == b'{"id":1043,"p":"142.35","q":"3.2","s":"buy","ts":1790000000011}'


def test_small_numbers_are_said_without_an_exponent():
    one = trade(Decimal("1E-7"), qty=Decimal("1E+3"))
    assert b'"p":"0.0000001","q":"1000"' in batches.item(one)


def test_a_ticker_is_what_clients_are_promised():
    prices = [Decimal(price) for price in ("142.37", "142.36", "142.38", "139.90", "143.02", "138.77")]
    assert json.loads(batches.ticker(Ticker(*prices, Decimal("88123.4"), Decimal("1E+7")))) == {
        "last": "142.37", "bid": "142.36", "ask": "142.38", "open": "139.90", "high": "143.02", "low": "138.77",
        "vol": "88123.4", "qvol": "10000000", "chg": "1.77",
    }  # fmt: skip


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"\xff", b'{"pair":1}', b'{"type":"group.told"}'])
def test_what_is_no_batch_is_refused(text):
    with pytest.raises(msgspec.DecodeError):
        batches.load(text)


@given(st.binary(max_size=100))
def test_any_other_bytes_are_refused_the_same_way(text):
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        batches.load(text)
