"""Recorded trades in files: our own CSV, and the trades and aggTrades that Binance publishes, plain or in a zip.

Nothing in a file is believed. What is wrong with it is told with the number of its line.
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO

from ticker.market.errors import BadRequest
from ticker.market.pairs import Pair
from ticker.market.trades import Side, Trade

LONGEST_LINE = 1_000  # bytes; a line of trades has a tenth of that, and a file without line breaks is not read as one
MICROSECONDS = 10**14  # what is greater counts them: in milliseconds it would be the year 5138
SECONDS = 10**11  # what is less counts those: in milliseconds it would be 1973
LARGEST = 10**16  # ticks times steps of one trade: a column of the record holds nine hundred of them in a day

# Who made the trade is known where the taker is not: of a maker who bought, the taker has sold.
SIDES = {"buy": Side.BUY, "sell": Side.SELL, "false": Side.BUY, "true": Side.SELL}
NUMBER, DECIMAL, SIDE = r"[0-9]{1,18}", r"[0-9]{1,18}(?:\.[0-9]{1,18})?", r"(?i:buy|sell|true|false)"
NAMES = {  # of the columns that count, as the headers of the formats say them, without case and underscores
    "id": {"id", "tradeid", "aggtradeid"},
    "price": {"price"},
    "qty": {"qty", "quantity"},
    "side": {"side", "isbuyermaker"},
    "time": {"timems", "time", "transacttime", "timestamp"},
}
FORMS = {"id": NUMBER, "price": DECIMAL, "qty": DECIMAL, "side": SIDE, "time": NUMBER}
EXPECTED = {
    "id": "a whole number",
    "price": "a decimal number",
    "qty": "a decimal number",
    "side": "buy or sell, or of the maker true or false",
    "time": "a whole number of milliseconds or microseconds",
}


class BadFile(BadRequest):
    """What is wrong with a file; `line` is where, 0 for the file as a whole."""

    code = "bad_file"

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(f"line {line:,}: {detail}" if line else detail)
        self.line = line


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what, and how a line of such a file looks."""

    width: int
    at: dict[str, int]
    is_ours: bool  # whose times are in milliseconds whatever their size
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        named = {place: f"(?P<{name}>{FORMS[name]})" for name, place in self.at.items()}
        cells = (named.get(place, "[^,]*") for place in range(self.width))
        object.__setattr__(self, "pattern", re.compile(",".join(cells), re.ASCII))


@dataclass(frozen=True, slots=True)
class Summary:
    """What a file holds."""

    trades: int
    first_ms: int
    last_ms: int
    skipped: int  # numbers that lie between those of the file and are not in it


def check(path: Path, pair: Pair, *, now_ms: int) -> Summary:
    """Read the whole file. Raises BadFile for the first thing that is wrong, with its checksum or with a trade."""
    _check_sum(path)
    count = first_ms = first_id = 0
    trade = None
    for trade in read(path, pair, now_ms=now_ms):
        if not count:
            first_ms, first_id = trade.time_ms, trade.seq
        count += 1
    if trade is None:
        raise BadFile(0, "there is no trade in the file")
    return Summary(count, first_ms, trade.time_ms, trade.seq - first_id + 1 - count)


def read(path: Path, pair: Pair, *, now_ms: int) -> Iterator[Trade]:
    """The trades of the file, one by one, under the numbers that the file gives them. Raises BadFile."""
    columns: Columns | None = None
    last: Trade | None = None
    for number, line in _lines(path):
        if columns is None:
            columns, is_header = _columns(line)
            if is_header:
                continue
        match = columns.pattern.fullmatch(line)
        if match is None:
            raise BadFile(number, _what_is_wrong(line, columns))
        try:
            trade = _trade(match, pair, columns)
            _follows(trade, last, now_ms)
        except ValueError as error:
            raise BadFile(number, str(error)) from None
        yield trade
        last = trade


def _trade(match: re.Match[str], pair: Pair, columns: Columns) -> Trade:
    price, qty, time = Decimal(match["price"]), Decimal(match["qty"]), int(match["time"])
    for name, amount, unit in (("price", price, pair.price_tick), ("quantity", qty, pair.qty_step)):
        if not amount:
            raise ValueError(f"the {name} is zero")
        if amount % unit:
            raise ValueError(f"the {name} {amount:f} is no whole number of {pair.name}'s steps of {unit:f}")
    if price / pair.price_tick * (qty / pair.qty_step) > LARGEST:
        raise ValueError(f"{price:f} times {qty:f} is more than the record can hold")
    if not columns.is_ours:
        if time < SECONDS:
            raise ValueError(f"the time {time} is neither in milliseconds nor in microseconds")
        time = time // 1_000 if time >= MICROSECONDS else time
    return Trade(pair.symbol, int(match["id"]), price, qty, SIDES[match["side"].lower()], time)


def _follows(trade: Trade, last: Trade | None, now_ms: int) -> None:
    """Raises ValueError for a trade that cannot come after the last one."""
    if trade.time_ms > now_ms:
        raise ValueError(f"the time {trade.time_ms} is in the future")
    if last is None:
        return
    if trade.seq == last.seq:
        raise ValueError(f"trade {trade.seq} is there twice")
    if trade.seq < last.seq:
        raise ValueError(f"trade {trade.seq} comes after trade {last.seq}: the file is not sorted")
    if trade.time_ms < last.time_ms:
        raise ValueError(f"trade {trade.seq} happened before the one above it: the file is not sorted by time")


# --- What kind of file it is -----------------------------------------------------------------------


def _columns(line: str) -> tuple[Columns, bool]:
    """The columns of a file by its first line, and whether that is a header. Raises BadFile."""
    cells = line.split(",")
    if cells[0][:1].isdigit():
        return _columns_without_header(cells), False
    said = [cell.strip().lower().replace("_", "") for cell in cells]
    at = {}
    for name, names in NAMES.items():
        found = [place for place, word in enumerate(said) if word in names]
        if len(found) != 1:
            raise BadFile(1, f"expected one column called {' or '.join(sorted(names))}, found {len(found)}")
        at[name] = found[0]
    return Columns(len(cells), at, is_ours="timems" in said), True


def _columns_without_header(cells: list[str]) -> Columns:
    # Whether the maker bought stands behind the time: sixth of a trade, seventh of an aggregate of trades.
    sides = [place for place, cell in enumerate(cells) if re.fullmatch(SIDE, cell)][:1]
    match sides, len(cells):
        case [3], 5:
            return Columns(5, {"id": 0, "price": 1, "qty": 2, "side": 3, "time": 4}, is_ours=True)
        case ([5], 6 | 7) | ([6], 7 | 8):
            (side,), width = sides, len(cells)
            return Columns(width, {"id": 0, "price": 1, "qty": 2, "side": side, "time": side - 1}, is_ours=False)
    raise BadFile(1, f"these {len(cells)} columns are neither ours nor those of Binance's trades or aggTrades")


def _what_is_wrong(line: str, columns: Columns) -> str:
    cells = line.split(",")
    if not line.strip():
        return "the line is empty"
    if len(cells) != columns.width:
        return f"expected {columns.width} columns, found {len(cells)}"
    for name, place in columns.at.items():
        if not re.fullmatch(FORMS[name], cells[place], re.ASCII):
            return f"column {place + 1}: expected {EXPECTED[name]}, found {cells[place][:30]!r}"
    return "not a line of trades"


# --- Its lines -------------------------------------------------------------------------------------


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file, or of the one file in a zip, with their numbers. Raises BadFile."""
    number = 0
    try:
        with _opened(path) as file:
            while raw := file.readline(LONGEST_LINE):
                number += 1
                yield number, _text(raw, number)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise BadFile(0, f"the archive is damaged or cut off behind line {number:,}: {error}") from None
    except (RuntimeError, NotImplementedError) as error:  # a password, or a compression that we do not have
        raise BadFile(0, f"the archive cannot be opened: {error}") from None
    except OSError as error:
        raise BadFile(0, f"{path} cannot be read: {error.strerror or error}") from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            file.seek(0)
            yield file
            return
    with zipfile.ZipFile(path) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        if len(names) != 1:
            raise BadFile(0, f"expected one file in the archive, found {len(names)}")
        with archive.open(names[0]) as inside:
            yield inside


def _text(raw: bytes, number: int) -> str:
    if number == 1:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
        if raw.startswith(b"\x1f\x8b"):
            raise BadFile(1, "the file is compressed by gzip: unpack it first")
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw:
            raise BadFile(1, "the file is no plain text, perhaps UTF-16: save it as UTF-8")
    if not raw.endswith(b"\n"):
        long = len(raw) >= LONGEST_LINE
        raise BadFile(number, "longer than any line of trades" if long else "the file ends within this line: cut off?")
    try:
        return raw.rstrip(b"\r\n").decode("ascii")
    except UnicodeDecodeError as error:
        raise BadFile(number, f"byte {raw[error.start]:#04x} is no part of a number: expected plain text") from None


def _check_sum(path: Path) -> None:
    """Compare with the .CHECKSUM that Binance publishes beside each file, where it is there."""
    beside = path.with_name(f"{path.name}.CHECKSUM")
    if not beside.is_file():
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if beside.read_text(errors="replace").split()[:1] != [found]:
        raise BadFile(0, f"the file is not the one that {beside.name} describes: download it again")
