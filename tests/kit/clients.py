"""Clients of the live addresses as somebody else would write them, with one face for every transport.

They check what PROTOCOL promises with every message they hear: ranges without holes, logs with an item for each number.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import httpx
import websockets

WITHIN_S = 20.0  # a bound, so that a test that waits in vain says so

Message = dict[str, Any]


class Gone(Exception):
    """The server has ended the connection."""


def is_log(channel: str) -> bool:
    return channel.startswith(("trade.", "me.")) or channel in ("lobby", "system")


class Client:
    """Whoever follows channels, from wherever it stands, over whatever transport."""

    transport = ""

    def __init__(self, *channels: str, throttle: int | None = None) -> None:
        self.channels = channels
        self.throttle = throttle
        self.epochs: dict[str, str] = {}
        self.last: dict[str, int] = {}  # the position in each channel
        self.trades: list[Message] = []  # of all trade channels, each once
        self.trades_of: dict[str, list[Message]] = {}  # the same, by channel
        self.states: dict[str, Message] = {}  # the newest data of each state channel
        self.updates: list[Message] = []  # as they came
        self.closed: list[Message] = []  # candles that were told as closed
        self._unshown: set[str] = set()  # states that have to come in a snapshot before they change
        self._taken = 0

    # --- What a transport must do ----------------------------------------------------------------

    async def open(self, port: int) -> None:
        """Connect to this port, from the position on if there is one."""
        raise NotImplementedError

    async def receive(self) -> Message:
        """The next message as it came. Raises Gone."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    async def drop(self) -> None:
        """Leave a connection of which nothing is known any more; there may be none."""
        await self.close()

    # --- What tests ask for ----------------------------------------------------------------------

    async def next(self, within_s: float = WITHIN_S) -> Message:
        """The next message, applied."""
        async with asyncio.timeout(within_s):
            message = await self.receive()
        self._apply(message)
        return message

    async def hear(self, kind: str, within_s: float = WITHIN_S, **fields: object) -> Message:
        """The next message of this type with these fields; those before it are applied too."""
        async with asyncio.timeout(within_s):
            while True:
                message = await self.next(within_s)
                if message["type"] == kind and all(message.get(name) == value for name, value in fields.items()):
                    return message

    async def take(self, count: int) -> list[Message]:
        """The next trades."""
        async with asyncio.timeout(WITHIN_S):
            while len(self.trades) < self._taken + count:
                await self.next()
        taken = self.trades[self._taken : self._taken + count]
        self._taken += count
        return taken

    async def reach(self, channel: str, seq: int, within_s: float = WITHIN_S) -> None:
        """Wait until the position in a channel is at least here."""
        async with asyncio.timeout(within_s):
            while self.last.get(channel, -1) < seq:
                await self.next()

    async def settle(self) -> None:
        """Hear where all our channels stand."""
        states = {channel for channel in self.channels if not is_log(channel)}
        while set(self.channels) - self.last.keys() or states - self.states.keys():
            await self.next()

    async def resume(self, port: int) -> None:
        await self.close()
        await self.open(port)

    # --- The client's side of the protocol -------------------------------------------------------

    def _apply(self, message: Message) -> None:
        match message["type"]:
            case "subscribed":
                channel = message["ch"]
                self.epochs[channel] = message["epoch"]
                if channel not in self.last or message.get("resume") == "reset":
                    self.last[channel] = message["seq"]
                if message["mode"] != "log" and message["seq"]:
                    self._unshown.add(channel)
            case "unsubscribed":
                self.last.pop(message["ch"], None)
                self.epochs.pop(message["ch"], None)
            case "snapshot":
                self.last[message["ch"]] = message["seq"]
                self.states[message["ch"]] = message["data"]
                self._unshown.discard(message["ch"])
            case "update":
                self._update(message)

    def _update(self, message: Message) -> None:
        channel, seq = message["ch"], message["seq"]
        first = message.get("from", seq)
        assert first <= seq, message
        assert channel in self.last, f"not followed, and told all the same: {message}"
        assert channel not in self._unshown, f"live before the snapshot: {message}"
        if is_log(channel):
            assert len(message["data"]) == seq - first + 1, message
            assert [item["id"] for item in message["data"]] == list(range(first, seq + 1)), message
        self.updates.append(message)
        last = self.last[channel]
        if seq <= last:
            return
        assert first <= last + 1, f"a hole in {channel} between {last} and {first}"
        if is_log(channel):
            new = message["data"][last + 1 - first :]
            self.trades += new
            self.trades_of.setdefault(channel, []).extend(new)
        else:
            # Of all tickers only those that changed are told.
            older = self.states[channel] if channel == "ticker.all" else {}
            self.states[channel] = older | message["data"]
            if message["data"].get("closed"):
                self.closed.append(message["data"])
        self.last[channel] = seq


class WebSocketClient(Client):
    transport = "websocket"
    socket: Any = None  # a websockets.ClientConnection once it has been opened

    async def open(self, port: int, **options: Any) -> None:
        # Without max_queue, what a test does not read would keep its socket from being closed.
        options = {"max_queue": None} | options
        self.socket = await websockets.connect(f"ws://127.0.0.1:{port}/live/v1/ws", **options)
        wanted: list[Message] = []
        for channel in self.channels:
            one: Message = {"ch": channel}
            if self.throttle is not None:
                one["throttle"] = self.throttle
            if channel in self.epochs:
                one |= {"epoch": self.epochs[channel], "seq": self.last[channel]}
            wanted.append(one)
        if wanted:
            await self.say({"op": "subscribe", "channels": wanted})

    async def say(self, message: object) -> None:
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def receive(self) -> Message:
        try:
            found: Message = json.loads(await self.socket.recv())
        except websockets.ConnectionClosed as closed:
            raise Gone from closed
        return found

    async def ended(self, within_s: float = WITHIN_S) -> tuple[int | None, str | None]:
        """Wait for the end; its code and reason."""
        with contextlib.suppress(Gone):
            async with asyncio.timeout(within_s):
                while True:
                    self._apply(await self.receive())
        return self.socket.close_code, self.socket.close_reason

    def cut(self) -> None:
        """Go without a word."""
        self.socket.transport.abort()

    async def close(self) -> None:
        await self.socket.close()

    async def drop(self) -> None:
        if self.socket is not None:
            self.cut()
            await self.socket.wait_closed()


class EventClient(Client):
    """Server-sent events, read by the rules of the HTML standard as far as they concern us."""

    transport = "sse"

    def __init__(self, *channels: str, throttle: int | None = None) -> None:
        super().__init__(*channels, throttle=throttle)
        self.cursor = ""
        self.retry_ms = 0
        self.names: list[str] = []  # of the events that came
        self._http: httpx.AsyncClient | None = None

    async def open(self, port: int) -> None:
        self._http = httpx.AsyncClient(timeout=WITHIN_S)
        headers = {"Last-Event-ID": self.cursor} if self.cursor else {}
        query = _query(self)
        request = self._http.build_request("GET", f"http://127.0.0.1:{port}/live/v1/sse?{query}", headers=headers)
        self.response = await self._http.send(request, stream=True)
        if self.response.status_code != 200:
            await self.response.aread()
            await self.close()
            raise Gone(self.response.text)
        self._lines = self.response.aiter_lines()

    async def receive(self) -> Message:
        name, data, cursor = "", "", self.cursor
        try:
            async for line in self._lines:
                field, _, value = line.partition(": ")
                match field:
                    case "event":
                        name = value
                    case "data":
                        data = value
                    case "id":
                        cursor = value
                    case "retry":
                        self.retry_ms = int(value)
                    case "":
                        self.cursor = cursor  # an event that was cut off does not count
                        if not data:
                            continue
                        found: Message = json.loads(data)
                        assert found["type"] == name
                        self.names.append(name)
                        return found
        except httpx.TransportError as error:
            raise Gone from error
        raise Gone

    async def placed(self) -> str:
        """Wait for a cursor that says where we stand now."""
        while _seqs(self.cursor) != [self.last[channel] for channel in self.channels]:
            await self.next()
        return self.cursor

    async def close(self) -> None:
        if self._http is not None:
            await self.response.aclose()
            await self._http.aclose()
            self._http = None


class PollClient(Client):
    transport = "longpoll"

    def __init__(self, *channels: str, throttle: int | None = None, ports: tuple[int, ...] = ()) -> None:
        super().__init__(*channels, throttle=throttle)
        self.cursor = ""
        self.answers: list[Message] = []
        self.wait_s = 10
        self._ports = ports
        self._waiting: deque[Message] = deque()
        self._http: httpx.AsyncClient | None = None

    async def open(self, port: int) -> None:
        self._ports = self._ports or (port,)
        if port not in self._ports:
            self._ports = (port,)
        self._http = httpx.AsyncClient(timeout=WITHIN_S + 10)
        if not self.cursor:
            await self.ask()

    async def ask(self) -> Message:
        """One request, at the next of our ports in turn; its answer."""
        assert self._http
        port = self._ports[len(self.answers) % len(self._ports)]
        query = _query(self) + f"&wait={self.wait_s}" + (f"&cursor={self.cursor}" if self.cursor else "")
        try:
            response = await self._http.get(f"http://127.0.0.1:{port}/live/v1/poll?{query}")
        except httpx.TransportError as error:
            raise Gone from error
        if response.status_code == 503:
            raise Gone(response.text)
        assert response.status_code == 200, response.text
        answer: Message = response.json()
        if not self.cursor or answer["reset"]:
            # Nothing introduces a log: where it begins is in the cursor.
            places = zip(self.channels, _seqs(answer["cursor"]), strict=True)
            self.last |= {channel: seq for channel, seq in places if is_log(channel)}
        self.cursor = answer["cursor"]
        self.answers.append(answer)
        self._waiting += answer["messages"]
        return answer

    async def receive(self) -> Message:
        while not self._waiting:
            await self.ask()
        return self._waiting.popleft()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None


def _query(client: Client) -> str:
    throttle = "" if client.throttle is None else f"&throttle={client.throttle}"
    return f"ch={','.join(client.channels)}{throttle}"


def _seqs(cursor: str) -> list[int]:
    return [int(number) for number in cursor.partition(":")[2].split(",") if number]


KINDS: dict[str, type[Client]] = {kind.transport: kind for kind in (WebSocketClient, EventClient, PollClient)}


@contextlib.asynccontextmanager
async def following(
    port: int, *channels: str, over: str = "websocket", throttle: int | None = None
) -> AsyncIterator[Any]:
    """A client that follows these channels and has heard where they stand."""
    client = KINDS[over](*channels, throttle=throttle)
    await client.open(port)
    try:
        await client.settle()
        yield client
    finally:
        await client.close()
