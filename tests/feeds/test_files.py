"""Recorded trades in files: what exchanges publish and what we do is read; what is wrong is told by its line."""

import hashlib
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.builders import trade
from ticker.feeds.files import BadFile, Summary, check, read
from ticker.market.pairs import pair_of
from ticker.market.trades import Side
from ticker.wire.csv import TRADE, line, of_trade

PAIR = pair_of("SOLUSDT")
NOW = 1_790_000_000_000
T = 1_704_067_200_005  # 2024-01-01, in ms

# As Binance publishes them: spot without a header and since 2025 in microseconds, futures with one.
OURS = f"id,price,qty,side,time_ms\n7,142.10,0.500,buy,{T}\n8,142.09,1.250,sell,{T + 40}\n"
TRADES = (
    f"500001,142.10000000,0.50000000,71.05000000,{T},False,True\n"
    f"500002,142.09000000,1.25000000,177.61250000,{T + 40},True,True\n"
)
MICRO = TRADES.replace(str(T), f"{T}123").replace(str(T + 40), f"{T + 40}999")
FUTURES = (
    f"id,price,qty,quote_qty,time,is_buyer_maker\n9,142.10,0.5,71.05,{T},false\n10,142.09,1.25,177.6,{T + 40},true\n"
)
AGG = f"9,142.10000000,0.50000000,11,12,{T},False,True\n10,142.09000000,1.25000000,13,13,{T + 40},True,True\n"
AGG_FUTURES = (
    "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
    f"9,142.10,0.5,11,12,{T},false\n10,142.09,1.25,13,13,{T + 40},true\n"
)
FORMATS = {
    "ours": OURS,
    "ours without header": OURS.partition("\n")[2],
    "trades": TRADES,
    "trades in microseconds": MICRO,
    "trades of futures": FUTURES,
    "aggTrades": AGG,
    "aggTrades of futures": AGG_FUTURES,
    "aggTrades of futures without header": AGG_FUTURES.partition("\n")[2],
    "with the line breaks of Windows": OURS.replace("\n", "\r\n"),
    "with a byte order mark": "\ufeff" + OURS,
}
EXPECTED = [("142.10", "0.5", Side.BUY, T), ("142.09", "1.25", Side.SELL, T + 40)]


@pytest.fixture
def file(tmp_path):
    def write(content, name="trades.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def zipped(tmp_path):
    def write(members):
        path = tmp_path / "SOLUSDT-trades.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return write


def found(path):
    return list(read(path, PAIR, now_ms=NOW))


def told(path) -> str:
    with pytest.raises(BadFile) as wrong:
        check(path, PAIR, now_ms=NOW)
    return wrong.value.detail


@pytest.mark.parametrize("content", FORMATS.values(), ids=FORMATS)
def test_every_format_is_read(file, content):
    rows = [(one.price, one.qty, one.side, one.time_ms) for one in found(file(content))]
    assert rows == [(Decimal(price), Decimal(qty), side, at) for price, qty, side, at in EXPECTED]


def test_an_archive_is_read_as_the_file_in_it(file, zipped):
    assert found(zipped({"SOLUSDT-trades-2024-01-01.csv": TRADES})) == found(file(TRADES))


@given(
    st.lists(
        st.tuples(st.integers(1, 10**8), st.integers(1, 10**8), st.sampled_from(Side), st.integers(0, 10**6)),
        min_size=1,
        max_size=30,
    )
)
def test_what_we_write_is_read_as_it_was(tmp_path_factory, rows):
    at, trades = 0, []
    for seq, (ticks, steps, side, later) in enumerate(rows, 1):
        at += later
        trades.append(trade(ticks * PAIR.price_tick, qty=steps * PAIR.qty_step, side=side, at=at, seq=seq))
    path = tmp_path_factory.mktemp("files") / "trades.csv"
    path.write_text(line(TRADE) + "".join(map(of_trade, trades)))
    assert list(read(path, PAIR, now_ms=NOW)) == trades


def test_a_check_says_what_is_there_and_what_is_left_out(file):
    content = OURS + f"12,142.10,0.500,buy,{T + 90}\n"
    assert check(file(content), PAIR, now_ms=NOW) == Summary(3, T, T + 90, skipped=3)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("9,142.11,1,buy", "line 4: expected 5 columns, found 4"),
        ("9,142.11,1,buy,1,2", "line 4: expected 5 columns, found 6"),
        ("", "line 4: the line is empty"),
        (
            f"9,142.11,1,hold,{T + 90}",
            "line 4: column 4: expected buy or sell, or of the maker true or false, found 'hold'",
        ),
        (f"9,1e2,1,buy,{T + 90}", "line 4: column 2: expected a decimal number, found '1e2'"),
        (f"9,NaN,1,buy,{T + 90}", "line 4: column 2: expected a decimal number, found 'NaN'"),
        (f"9,-1,1,buy,{T + 90}", "line 4: column 2: expected a decimal number, found '-1'"),
        (f"9,=1+1,1,buy,{T + 90}", "line 4: column 2: expected a decimal number, found '=1+1'"),
        (f"9,0.00,1,buy,{T + 90}", "line 4: the price is zero"),
        (f"9,142.11,0,buy,{T + 90}", "line 4: the quantity is zero"),
        (f"9,142.115,1,buy,{T + 90}", "line 4: the price 142.115 is no whole number of SOL/USDT's steps of 0.01"),
        (
            f"9,142.11,0.0001,buy,{T + 90}",
            "line 4: the quantity 0.0001 is no whole number of SOL/USDT's steps of 0.001",
        ),
        (f"9,{10**17},{10**17},buy,{T + 90}", f"line 4: {10**17} times {10**17} is more than the record can hold"),
        (f"8,142.11,1,buy,{T + 90}", "line 4: trade 8 is there twice"),
        (f"6,142.11,1,buy,{T + 90}", "line 4: trade 6 comes after trade 8: the file is not sorted"),
        (f"9,142.11,1,buy,{T}", "line 4: trade 9 happened before the one above it: the file is not sorted by time"),
        (f"9,142.11,1,buy,{NOW + 1}", f"line 4: the time {NOW + 1} is in the future"),
        (f"9,١٤٢,1,buy,{T + 90}", "line 4: byte 0xd9 is no part of a number: expected plain text"),
        ("9" * 2_000, "line 4: longer than any line of trades"),
    ],
)
def test_a_line_that_is_wrong_is_told_by_its_number(file, last, said):
    path = file(OURS + last + "\n")
    assert told(path) == said
    rows = read(path, PAIR, now_ms=NOW)
    assert next(rows).seq == 7 and next(rows).seq == 8  # what is before it is as it was


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "there is no trade in the file"),
        ("id,price,qty,side,time_ms\n", "there is no trade in the file"),
        ("id,price,qty,side\n", "line 1: expected one column called time or timems or timestamp or transacttime, found 0"),
        ("id,price,price,qty,side,time_ms\n", "line 1: expected one column called price, found 2"),
        ("<html>\n", "line 1: expected one column called aggtradeid or id or tradeid, found 0"),
        ("1,2,3\n", "line 1: these 3 columns are neither ours nor those of Binance's trades or aggTrades"),
        # Binance's candles
        (f"{T},1,2,3,4,5,{T},6,7,8,9,0\n", "line 1: these 12 columns are neither ours nor those of Binance's trades or aggTrades"),
        ("1,142.10,1,142.10,1704067200,true,true\n", "line 1: the time 1704067200 is neither in milliseconds nor in microseconds"),
        (OURS[:-1], "line 3: the file ends within this line: cut off?"),
        (OURS[:-9], "line 3: the file ends within this line: cut off?"),
        (OURS.encode("utf-16"), "line 1: the file is no plain text, perhaps UTF-16: save it as UTF-8"),
        (OURS.encode("utf-16-be"), "line 1: the file is no plain text, perhaps UTF-16: save it as UTF-8"),
        (b"\x1f\x8b\x08\x00", "line 1: the file is compressed by gzip: unpack it first"),
        (b"\xe9\n", "line 1: byte 0xe9 is no part of a number: expected plain text"),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_is_told(file, content, said):
    assert told(file(content)) == said


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert told(tmp_path / "nothing.csv") == f"{tmp_path}/nothing.csv cannot be read: No such file or directory"


def test_an_archive_holds_one_file(zipped):
    assert told(zipped({"a.csv": OURS, "b.csv": OURS})) == "expected one file in the archive, found 2"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_an_archive_that_is_cut_off_is_told(zipped, share):
    whole = zipped({"trades.csv": "".join(f"{n},142.10,1.000,142.1,{T + n},True,True\n" for n in range(1, 5_000))})
    whole.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    assert told(whole).startswith("the archive is damaged or cut off behind line ")


def test_an_archive_with_a_byte_turned_is_told(zipped):
    path = zipped({"trades.csv": "".join(f"{n},142.10,1.000,142.1,{T + n},True,True\n" for n in range(1, 5_000))})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert told(path)


def test_a_file_is_compared_with_its_checksum(file):
    path = file(TRADES)
    beside = path.with_name("trades.csv.CHECKSUM")
    beside.write_text(f"{hashlib.sha256(TRADES.encode()).hexdigest()}  trades.csv\n")
    assert check(path, PAIR, now_ms=NOW).trades == 2
    beside.write_text(f"{'0' * 64}  trades.csv\n")
    assert told(path) == "the file is not the one that trades.csv.CHECKSUM describes: download it again"
