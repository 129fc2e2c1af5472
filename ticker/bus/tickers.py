"""The tickers of all pairs, under one number: written by the feed, followed as `ticker.all`."""

import logging
import secrets
from collections.abc import Mapping

import msgspec
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError

from ticker.bus import groups as groups_bus
from ticker.bus.redis import aclient, key, translated
from ticker.bus.trades import refusal
from ticker.market.errors import Unavailable
from ticker.wire import groups
from ticker.wire.tickers import Changed, dump

log = logging.getLogger(__name__)

# KEYS tickers, head, fence; ARGV token, new epoch, time_ms, whether these are all, then symbol and ticker in turn.
_TELL = """
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return redis.error_reply('FENCED another feed has taken over') end
if ARGV[4] == '1' then redis.call('DEL', KEYS[1]) end
for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[2])
redis.call('HSET', KEYS[2], 'time_ms', ARGV[3])
return {redis.call('HGET', KEYS[2], 'epoch'), redis.call('HINCRBY', KEYS[2], 'seq', 1)}
"""


def head_of() -> str:
    """The key of the hash that says which change was the newest."""
    return key("head", groups.TICKERS)


async def tell(tickers: Mapping[str, bytes], *, time_ms: int, are_all: bool, fence: str, token: str) -> None:
    """Say which tickers have changed, or that these are all there are.

    Raises Fenced without having written anything; Unavailable when Redis is away.
    """
    script = AsyncScript(aclient(), _TELL)
    flat = [part for symbol, ticker in tickers.items() for part in (symbol, ticker)]
    with translated():
        try:
            epoch, seq = await script(
                keys=[key("tickers"), head_of(), fence],
                args=[token, secrets.token_hex(4), time_ms, int(are_all), *flat],
            )
        except ResponseError as error:
            raise refusal(error) from None
    raw = {symbol: msgspec.Raw(ticker) for symbol, ticker in tickers.items()}
    try:
        await groups_bus.send(groups.TICKERS, text=dump(Changed(epoch.decode(), seq, time_ms, raw)))
    except Unavailable as error:
        log.warning("the group of the tickers was not told: %s", error)


async def read() -> tuple[str, int, int, dict[str, bytes]]:
    """The epoch, the number and the time of the newest change, and all tickers, read in one step. Raises Unavailable.

    Without an epoch nothing was ever said.
    """
    with translated():
        pipe = aclient().pipeline(transaction=True)
        pipe.hmget(head_of(), ["epoch", "seq", "time_ms"])
        pipe.hgetall(key("tickers"))
        (epoch, seq, time_ms), found = await pipe.execute()
    tickers = {symbol.decode(): ticker for symbol, ticker in found.items()}
    return (epoch or b"").decode(), int(seq or 0), int(time_ms or 0), tickers
