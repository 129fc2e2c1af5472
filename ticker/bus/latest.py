"""The newest state of each pair and of the feed, for whoever needs it now: pages, REST, hubs, health checks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ticker.bus.redis import aclient, client, key, translated


@dataclass(frozen=True, slots=True)
class Head:
    """Where a pair's stream stands, and what is derived from its trades up to there."""

    epoch: str  # changes when the stream is not the continuation of what it was
    seq: int  # of the newest trade; 0 before the first
    time_ms: int  # no later trade will be older than this
    trade_ms: int  # when the newest trade happened; 0 before the first
    ticker_seq: int
    ticker: dict[str, str] | None  # as on the wire
    board: bytes  # wire.boards


@dataclass(frozen=True, slots=True)
class FeedState:
    """Who feeds the markets, and when it was last heard."""

    time_ms: int
    source: str  # "simulated"
    instance: str
    symbols: tuple[str, ...] = ()  # the pairs that it feeds


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a stream ends."""

    epoch: str
    seq: int


def parse_head(found: Mapping[bytes, bytes]) -> Head | None:
    """The head in a Redis hash; None where there is none."""
    if not found:
        return None
    ticker = found.get(b"ticker", b"")
    return Head(
        epoch=found[b"epoch"].decode(),
        seq=int(found[b"seq"]),
        time_ms=int(found.get(b"time_ms", 0)),
        trade_ms=int(found.get(b"trade_ms", 0)),
        ticker_seq=int(found.get(b"ticker_seq", 0)),
        ticker=msgspec.json.decode(ticker, type=dict[str, str]) if ticker else None,
        board=found.get(b"board", b""),
    )


def _parse_feed(found: Mapping[bytes, bytes]) -> FeedState | None:
    if not found:
        return None
    symbols = tuple(found.get(b"symbols", b"").decode().split(",")) if found.get(b"symbols") else ()
    return FeedState(int(found[b"time_ms"]), found[b"source"].decode(), found[b"instance"].decode(), symbols)


def heads(symbols: Iterable[str]) -> dict[str, Head]:
    """The heads of these pairs in one round trip; pairs that Redis does not know are absent.

    Raises Unavailable when Redis is away.
    """
    names = list(symbols)
    with translated():
        pipe = client().pipeline(transaction=False)
        for name in names:
            pipe.hgetall(key("head", name))
        return _by_name(names, pipe.execute())


async def aheads(symbols: Iterable[str]) -> dict[str, Head]:
    names = list(symbols)
    with translated():
        pipe = aclient().pipeline(transaction=False)
        for name in names:
            pipe.hgetall(key("head", name))
        return _by_name(names, await pipe.execute())


def _by_name(names: list[str], found: list[Mapping[bytes, bytes]]) -> dict[str, Head]:
    parsed = {name: parse_head(hash_) for name, hash_ in zip(names, found, strict=True)}
    return {name: head for name, head in parsed.items() if head is not None}


async def tails(heads: Sequence[str]) -> dict[str, Tail]:
    """What these heads say (hashes with an epoch and a seq), in one round trip. Raises Unavailable."""
    with translated():
        pipe = aclient().pipeline(transaction=False)
        for head in heads:
            pipe.hmget(head, ["epoch", "seq"])
        found = await pipe.execute()
    return {head: Tail(epoch.decode(), int(seq or 0)) for head, (epoch, seq) in zip(heads, found, strict=True) if epoch}


def feed_state() -> FeedState | None:
    """Who feeds the markets; None if nobody ever did. Raises Unavailable when Redis is away."""
    with translated():
        return _parse_feed(client().hgetall(key("feed")))  # type: ignore[arg-type]


async def afeed_state() -> FeedState | None:
    with translated():
        return _parse_feed(await aclient().hgetall(key("feed")))  # type: ignore[misc]


def ping() -> None:
    """Raises Unavailable when Redis does not answer."""
    with translated():
        client().ping()


async def aping() -> None:
    with translated():
        await aclient().ping()  # type: ignore[misc]
