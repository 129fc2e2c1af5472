"""Keep every trade of a pair in a CSV file: `python examples/record_to_csv.py SOLUSDT trades.csv ws://127.0.0.1:8000`.

Stop it and start it again, kill it, or lose the network: the file goes on where it stopped, without a hole and without
a double. A new file begins with the pair's first trade.
"""

import asyncio
import csv
import sys
from pathlib import Path

from tradedash_client import Missing, connect

COLUMNS = ["id", "p", "q", "s", "ts"]


def last_id(path: Path) -> int:
    """The last trade that the file holds whole; what a kill has left of one more is cut off."""
    with path.open("a+b") as file:
        size = file.tell()
        file.seek(max(0, size - 1_000))  # a row has some 50 bytes
        whole, line_feed, torn = file.read().rpartition(b"\n")
        file.truncate(size - len(torn))
    newest = whole.rpartition(b"\n")[2].split(b",")[0]
    return int(newest) if line_feed and newest.isdigit() else 0


def complain(missing: Missing) -> None:
    print(missing, file=sys.stderr)


async def record(symbol: str, path: Path, url: str) -> None:
    """Go on behind what the file holds, for ever."""
    after = last_id(path)
    with path.open("a", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        if file.tell() == 0:
            rows.writeheader()
        async with connect(url, missing=complain) as market:
            async for trade in market.follow(f"trade.{symbol}", after=after):
                rows.writerow(trade)
                file.flush()


def main(symbol: str = "SOLUSDT", path: str = "trades.csv", url: str = "ws://127.0.0.1:8000") -> None:
    asyncio.run(record(symbol, Path(path), url))


if __name__ == "__main__":
    main(*sys.argv[1:])
