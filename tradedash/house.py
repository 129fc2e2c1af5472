"""Everything that `make run` starts on one machine, in its order, until somebody asks it to end."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from ticker.checks import shown
from tradedash import ports, redis_server
from tradedash.redis_server import Answer
from tradedash.supervisor import Program, Supervisor

REDIS_PATIENCE_S = 30.0  # for the first answer; while it reads its file it may take as long as it needs
ASK_EVERY_S = 0.2
SAY_AFTER_S = 10.0  # what is awaited longer is explained


class Failed(Exception):
    """The house could not be started; the message, where there is one, has not been said yet."""


def reach_database() -> None:
    """Find out whether there is a database before anything is started. Raises Failed."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            connection.introspection.table_names(cursor)  # a file may open although it is no database
    except (DatabaseError, InterfaceError) as error:
        raise Failed(f"DATABASE_URL: the database cannot be used: {' '.join(str(error).split())}") from error
    finally:
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]


class House:
    """Redis, what prepares the database, simulator, recorder and the instances behind `sockets` (the shared one first)."""

    def __init__(self, sockets: list[socket.socket], say: Callable[[str], None]) -> None:
        self.shared, *self.own = sockets
        self.say = say
        self.supervisor = Supervisor(say)
        self.stop = asyncio.Event()

    async def live(self) -> None:
        """Start everything, keep it running until SIGINT, SIGTERM or SIGHUP, end everything.

        Raises Failed, nothing left running, when the start does not succeed.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop)
        opening = asyncio.create_task(self._open())
        stopping = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                opening.result()  # raises what went wrong
                await stopping
        finally:
            for task in opening, stopping:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task
            await self.supervisor.end()
        self.say("TradeDash has stopped.")

    def _asked_to_stop(self) -> None:
        if self.stop.is_set():
            self.supervisor.hurry()
        else:
            self.say("Stopping …")
            self.stop.set()

    async def _open(self) -> None:
        await asyncio.to_thread(reach_database)
        if os.environ.get("REDIS_URL", "").strip():
            await self._greet_redis()
        else:
            await self._start_redis()
        await self._prepare()
        self.supervisor.start(self._manage("record", "record"))
        self.supervisor.start(self._manage("simulate", "simulate"))
        self.supervisor.start(*(self._instance(number, own) for number, own in enumerate(self.own, 1)))
        await self._ready()
        self.say(f"TradeDash is ready: {ports.url(settings.HOST, settings.PORT)}")

    # --- Redis ----------------------------------------------------------------------------------

    async def _greet_redis(self) -> None:
        answer, words = await redis_server.ask(settings.REDIS_URL, within_s=5.0)
        if answer is not Answer.YES:
            raise Failed(f"REDIS_URL: no Redis answers at {shown(settings.REDIS_URL)}: {words}")
        self.say(f"redis: {words} at {shown(settings.REDIS_URL)}")

    async def _start_redis(self) -> None:
        url = settings.REDIS_URL
        try:
            redis_server.prepare(settings.DATA_DIR)
            command = redis_server.command(settings.DATA_DIR)
            if await redis_server.shut_down(url):
                self.say("redis: an earlier server was left behind and has been ended")
        except (redis_server.NoServer, OSError) as error:
            raise Failed(f"Redis cannot be started: {error}") from error
        [child] = self.supervisor.start(Program("redis", command), again=False)
        gone = asyncio.create_task(self.supervisor.ended(child))
        loop = asyncio.get_running_loop()
        until_s = loop.time() + REDIS_PATIENCE_S
        while True:
            answer, words = await redis_server.ask(url)
            if answer is Answer.YES:
                break
            if gone.done():
                raise Failed(f"Redis did not start: {redis_server.last_words(child.tail)}")
            if answer is Answer.LOADING:
                until_s = loop.time() + REDIS_PATIENCE_S
            elif loop.time() > until_s:
                raise Failed(f"Redis did not start: {words}")
            await asyncio.wait({gone}, timeout=0.05)
        gone.cancel()
        child.again = True
        self.say(f"redis: {words} on {settings.REDIS_SOCKET}, kept in {settings.DATA_DIR / 'redis'}")

    # --- What needs Redis -----------------------------------------------------------------------

    async def _prepare(self) -> None:
        [child] = self.supervisor.start(self._manage("prepare", "prepare", prefix=False), again=False)
        if await self.supervisor.ended(child):
            raise Failed("")  # it has said why, in its own words

    def _instance(self, number: int, own: socket.socket) -> Program:
        fds = (self.shared.fileno(), own.fileno())
        options = [word for fd in fds for word in ("--fd", str(fd))]
        return self._manage(f"daphne-{number}", "serve", "--instance", str(number), *options, fds=fds)

    def _manage(self, name: str, *words: str, fds: tuple[int, ...] = (), prefix: bool = True) -> Program:
        env = {
            "DATA_DIR": str(settings.DATA_DIR),
            "REDIS_URL": settings.REDIS_URL,
            "PYTHONUNBUFFERED": "1",  # a line is seen when it is said
        }
        return Program(name, [sys.executable, str(settings.BASE_DIR / "manage.py"), *words], env, fds, prefix)

    async def _ready(self) -> None:
        """Wait until /readyz of every instance is 200 in the same round; explain what takes long."""
        header = ports.host_header(settings.ALLOWED_HOSTS)
        loop = asyncio.get_running_loop()
        explain_s = loop.time() + SAY_AFTER_S
        while True:
            waits = await asyncio.gather(
                *(
                    ports.unready(settings.HOST, settings.PORT + i, header, tls=settings.TLS)
                    for i in range(1, len(self.own) + 1)
                )
            )
            if not any(waits):
                return
            if loop.time() > explain_s:
                explain_s = loop.time() + SAY_AFTER_S
                for number, reason in enumerate(waits, 1):
                    if reason:
                        self.say(f"daphne-{number} is not ready: {reason}")
            await asyncio.sleep(ASK_EVERY_S)
