"""A server in a test's hands: it speaks the protocol by the book, and breaks it when a test says so."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Message = dict[str, Any]

LOG, STATE = "trade.SOLUSDT", "ticker.SOLUSDT"


def item(number: int) -> Message:
    return {"id": number, "p": f"{number}.00", "q": "0.1", "s": "buy", "ts": number}


def ids(items: list[Message]) -> list[int]:
    return [one["id"] for one in items]


class Exchange:
    """One log and states, told to one client after the other. REST has what is `recorded`."""

    def __init__(self) -> None:
        self.epoch, self.seq, self.first = "e1", 0, 1  # `first` is the oldest number that is held for replays
        self.states: dict[str, tuple[int, Message]] = {}
        self.recorded: list[int] = []
        self.asked: list[Message] = []  # what clients have said
        self.connections = 0
        self.hello: Message = {"type": "hello", "v": 1, "hb_ms": 10_000}
        self.refusal: Message | None = None  # what the next subscription is answered with
        self.answer: Message | None = {"type": "ok", "seq": 31}  # to what is published; None for none
        self.replays = True
        self.news = asyncio.Condition()
        self._socket: ServerConnection | None = None
        self._server: Server | None = None
        self._followed: set[str] = set()

    @property
    def url(self) -> str:
        assert self._server
        return f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    # --- What tests do ---------------------------------------------------------------------------

    async def until(self, condition: Any) -> None:
        """Wait until this holds; asked again after everything that a client does."""
        async with asyncio.timeout(20), self.news:
            await self.news.wait_for(condition)

    async def followed(self, *channels: str) -> None:
        await self.until(lambda: self._followed >= set(channels))

    async def trade(self, count: int = 1, *, is_lost: bool = False, batch: int = 1) -> None:
        """Trade, record it, and tell it unless it gets lost."""
        for _ in range(0, count, batch):
            self.seq += batch
            self.recorded += range(self.seq - batch + 1, self.seq + 1)
            if not is_lost:
                await self.update(self.seq - batch + 1, self.seq)

    async def update(self, first: int, seq: int, items: list[Message] | None = None) -> None:
        if LOG in self._followed:
            data = [item(number) for number in range(first, seq + 1)] if items is None else items
            await self.say({"type": "update", "ch": LOG, "from": first, "seq": seq, "data": data})

    async def state(self, channel: str, data: Message, *, first: int | None = None) -> None:
        seq = self.states.get(channel, (0, {}))[0] + 1
        self.states[channel] = (seq, data)
        if channel in self._followed:
            await self.say({"type": "update", "ch": channel, "from": first or seq, "seq": seq, "data": data})

    async def say(self, message: Message) -> None:
        with contextlib.suppress(ConnectionClosed):
            if self._socket is not None:
                await self._socket.send(json.dumps(message))

    async def end(self, code: int, bye: Message | None = None) -> None:
        assert self._socket
        if bye is not None:
            await self.say({"type": "bye", "code": code, "reason": "because"} | bye)
        self._followed = set()
        await self._socket.close(code, "because")

    async def cut(self) -> None:
        """End the connection without a word, as a network does."""
        assert self._socket
        self._followed = set()
        self._socket.transport.abort()
        await self._socket.wait_closed()

    @property
    def is_held_up(self) -> bool:
        """Whether the client does not read what we send."""
        assert self._socket
        return self._socket.transport.get_write_buffer_size() > 0

    # --- What clients see ------------------------------------------------------------------------

    async def _meet(self, socket: ServerConnection) -> None:
        self._socket, self._followed = socket, set()
        self.connections += 1
        await self.say(self.hello)
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                request = json.loads(text)
                self.asked.append(request)
                if request["op"] == "subscribe":
                    for wanted in request["channels"]:
                        await self._follow(request["id"], wanted)
                elif request["op"] == "publish":
                    if self.answer is not None:
                        await self.say({"id": request["id"]} | self.answer)
                else:
                    self._followed -= set(request["channels"])
                async with self.news:
                    self.news.notify_all()

    async def _follow(self, id_: int, wanted: Message) -> None:
        channel = wanted["ch"]
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            return await self.say({"type": "error", "id": id_, "ch": channel} | refusal)
        answer: Message = {"type": "subscribed", "id": id_, "ch": channel, "throttle": 0, "epoch": self.epoch}
        self._followed.add(channel)
        if channel != LOG:
            seq, data = self.states.get(channel, (0, {}))
            await self.say(answer | {"mode": "state", "seq": seq})
            return await self.say({"type": "snapshot", "ch": channel, "seq": seq, "ts": 1, "data": data})
        answer |= {"mode": "log", "seq": self.seq}
        after = wanted.get("seq")
        if after is None:
            return await self.say(answer)
        if wanted["epoch"] != self.epoch or after > self.seq or after + 1 < self.first:
            why = "window" if wanted["epoch"] == self.epoch else "epoch"
            return await self.say(answer | {"resume": "reset", "why": why, "first": self.first})
        await self.say(answer | {"resume": "ok", "replay": self.seq - after})
        if after < self.seq and self.replays:
            await self.update(after + 1, self.seq)
        return None

    def _rest(self, connection: ServerConnection, request: Request) -> Response | None:
        address = urlsplit(request.path)
        if address.path == "/live/v1/ws":
            return None
        assert address.path == "/api/v1/pairs/SOLUSDT/trades/", address
        after = int(parse_qs(address.query)["after"][0])
        found = [item(number) for number in self.recorded if number > after][:3]  # small pages
        rows = [
            {"id": one["id"], "price": one["p"], "qty": one["q"], "side": "buy", "time_ms": one["ts"]} for one in found
        ]
        return connection.respond(200, json.dumps({"results": rows, "next": None}))

    async def open(self) -> None:
        self._server = await serve(self._meet, "127.0.0.1", 0, process_request=self._rest, compression=None)

    async def close(self) -> None:
        assert self._server
        self._server.close(close_connections=True)
        await self._server.wait_closed()


@contextlib.asynccontextmanager
async def exchange() -> AsyncIterator[Exchange]:
    opened = Exchange()
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()
