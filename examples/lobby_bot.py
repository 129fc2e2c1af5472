"""A bot for the lobby: it tells when a price has moved by a percent, and answers `price of SOLUSDT?`.

`python examples/lobby_bot.py ws://127.0.0.1:8000`; with an access token in TRADEDASH_TOKEN it speaks under a name.
"""

import asyncio
import os
import re
import sys
from decimal import Decimal

from tradedash_client import Market, NotPublished, connect

MOVE = Decimal("0.01")
TRIES = 3

Prices = dict[str, Decimal]


async def say(market: Market, text: str) -> None:
    """Say it once: again only where the server has refused it for now, never where it may have been heard."""
    for _ in range(TRIES):
        try:
            await market.publish("lobby", {"text": text})
            return
        except NotPublished as refused:
            print(f"not said: {refused}", file=sys.stderr)
            if not refused.retry:
                return
            await asyncio.sleep(refused.after_s or 1.0)


async def watch(market: Market, prices: Prices) -> None:
    """Keep all prices, and tell of each that has moved since it was told last."""
    told: Prices = {}
    async for tickers in market.follow("ticker.all", throttle=1000):  # all of them, and then those that changed
        for symbol, ticker in tickers.items():
            prices[symbol] = price = Decimal(ticker["last"])
            before = told.setdefault(symbol, price)
            if abs(price / before - 1) >= MOVE:
                told[symbol] = price
                await say(market, f"{symbol} {'rises' if price > before else 'falls'} from {before} to {price}")


async def answer(market: Market, prices: Prices) -> None:
    """Answer whoever asks."""
    async for said in market.follow("lobby"):
        if asked := re.fullmatch(r"price of (\w{1,20})\s*\?", said["text"].strip(), re.IGNORECASE):
            symbol = asked[1].upper()
            await say(market, f"{symbol} is at {prices[symbol]}" if symbol in prices else f"There is no {symbol} here")


async def main(url: str = "ws://127.0.0.1:8000") -> None:
    prices: Prices = {}
    async with connect(url, token=os.environ.get("TRADEDASH_TOKEN")) as market, asyncio.TaskGroup() as group:
        group.create_task(watch(market, prices))
        group.create_task(answer(market, prices))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
