"""Print trades as they happen: `python examples/print_trades.py SOLUSDT ws://127.0.0.1:8000`."""

import asyncio
import sys

from tradedash_client import connect


async def main(symbol: str = "SOLUSDT", url: str = "ws://127.0.0.1:8000") -> None:
    async with connect(url) as market:
        async for trade in market.follow(f"trade.{symbol}"):
            print(trade["id"], trade["s"], trade["q"], "at", trade["p"], flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
