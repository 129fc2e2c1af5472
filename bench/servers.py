"""The servers that are compared, how each is started, and which of them this machine cannot run."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.dialects import OURS, SOCKET_IO, TEXTBOOK, WS, Dialect
from bench.processes import PYTHON, Process
from tradedash import redis_server

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
WS_CHANNEL = "bench-ws"
SOCKET_IO_KEY = "bench-socketio"


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the servers."""

    key: str  # as the publisher calls it
    name: str
    dialect: Dialect
    is_node: bool = False


KINDS = (
    Kind("ours", "TradeDash", OURS),
    Kind("core", "Channels, core layer", TEXTBOOK),
    Kind("pubsub", "Channels, pub/sub layer", TEXTBOOK),
    Kind("ws", "Node ws", WS, is_node=True),
    Kind("socketio", "Socket.IO", SOCKET_IO, is_node=True),
)


@dataclass(frozen=True, slots=True)
class Server:
    """A running one."""

    kind: Kind
    process: Process
    port: int


class NoNode(Exception):
    """This machine cannot run the Node servers; says why."""


async def install_peers() -> None:
    """Install what bench/peers/package-lock.json says, unless it is installed. Raises NoNode."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise NoNode("no Node on this machine")
    installed = PEERS / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= (PEERS / "package-lock.json").stat().st_mtime:
        return
    npm = await asyncio.create_subprocess_exec(
        *("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        cwd=PEERS,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await npm.communicate()
    if npm.returncode:
        raise NoNode(f"npm could not install the peers: {said.decode(errors='replace').strip()[-200:]}")
    installed.touch()


async def start_redis(data_dir: Path) -> Process:
    """The Redis of this run, as `make run` starts it: behind a socket, with its append-only file."""
    url = redis_server.url_of(redis_server.prepare(data_dir))
    process = await processes.start(redis_server.command(data_dir), cwd=data_dir, log=data_dir / "redis.log", env={})
    async with asyncio.timeout(processes.START_WITHIN_S):
        while (await redis_server.ask(url))[0] is not redis_server.Answer.YES:
            if process.started.returncode is not None:
                raise RuntimeError(f"Redis has ended: {process.said}")
            await asyncio.sleep(0.05)
    return process


def variables(data_dir: Path) -> dict[str, str]:
    """What makes every Python process of the run use this folder and this Redis, whatever the shell or .env says."""
    return {
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": "",
        "REDIS_URL": redis_server.url_of(redis_server.socket_of(data_dir)),
        "DJANGO_SETTINGS_MODULE": "tradedash.settings",
        "LOG_LEVEL": "WARNING",
    }


def command(kind: Kind, port: int, redis_socket: Path) -> Sequence[str]:
    match kind.key:
        case "ours":
            return (PYTHON, "manage.py", "serve", "--port", str(port))
        case "core" | "pubsub":
            return (PYTHON, "-m", "daphne", "-v0", "-b127.0.0.1", f"-p{port}", "bench.peers.textbook:application")
        case "ws":
            return ("node", str(PEERS / "ws.js"), str(port), str(redis_socket), WS_CHANNEL)
        case _:
            return ("node", str(PEERS / "socketio.js"), str(port), str(redis_socket), SOCKET_IO_KEY)


async def start(kind: Kind, data_dir: Path) -> Server:
    """Start one and wait until it listens. Raises RuntimeError with what it said when it does not."""
    port = processes.free_port()
    process = await processes.start(
        command(kind, port, redis_server.socket_of(data_dir)),
        cwd=ROOT,
        log=data_dir / f"{kind.key}.log",
        env=variables(data_dir) | {"BENCH_LAYER": kind.key},
    )
    try:
        await process.listens(port)
    except BaseException:
        await process.end()
        raise
    return Server(kind, process, port)
