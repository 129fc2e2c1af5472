"""Reads what differs between machines from the environment, and says exactly which variable is wrong."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured
from redis import ConnectionPool

T = TypeVar("T")

# Every variable that settings asked for; docs/settings.md and .env.example are compared with it.
ASKED: dict[str, str] = {}


def wrong(name: str, found: str, expected: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}={found!r}: expected {expected}")


def read(name: str, default: T, parse: Callable[[str], T], expected: str) -> T:
    """The variable `name` through `parse`, or `default` where it is unset or empty.

    Raises ImproperlyConfigured, naming the variable, what was found and what was expected.
    """
    ASKED[name] = str(default)
    found = os.environ.get(name, "").strip()
    if not found:
        return default
    try:
        return parse(found)
    except ValueError:
        raise wrong(name, found, expected) from None


def text(name: str, default: str = "") -> str:
    return read(name, default, str, "some text")


def word(name: str, default: str, known: list[str]) -> str:
    """One of the words that we know, in upper or lower case."""
    return read(name, default, lambda found: known[known.index(found.upper())], f"one of {', '.join(known)}")


def flag(name: str, default: bool) -> bool:
    return read(name, default, lambda found: bool(["0", "1"].index(found)), "0 or 1")


def integer(name: str, default: int, low: int, high: int) -> int:
    def parse(found: str) -> int:
        if not (found.isascii() and found.isdigit() and low <= int(found) <= high):
            raise ValueError
        return int(found)

    return read(name, default, parse, f"a whole number from {low} to {high}")


def number(name: str, default: float, low: float, high: float) -> float:
    def parse(found: str) -> float:
        if not low <= float(found) <= high:  # also refuses NaN
            raise ValueError
        return float(found)

    return read(name, default, parse, f"a number from {low:g} to {high:g}")


def words(name: str, default: list[str]) -> list[str]:
    """A list separated by commas; spaces around the commas and empty places are dropped."""
    return read(name, default, lambda found: [word.strip() for word in found.split(",") if word.strip()], "a list")


def folder(name: str, default: Path) -> Path:
    return read(name, default, lambda found: Path(found).expanduser().resolve(), "a folder")


def database(name: str, default: str) -> dict[str, object]:
    """Django's description of the database at a URL such as postgres://user:password@host/name."""

    def parse(url: str) -> dict[str, object]:
        found = environ.Env.db_url_config(url)
        if found.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
            raise ValueError
        return dict(found)

    expected = "postgres://user:password@host:port/name or sqlite:////absolute/path"
    try:
        return read(name, parse(default), parse, expected)
    except ImproperlyConfigured:
        # The URL holds a password: it is not repeated.
        raise ImproperlyConfigured(f"{name}: expected {expected}") from None


def redis(name: str, default: str) -> str:
    def parse(url: str) -> str:
        if not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError
        try:
            ConnectionPool.from_url(url).make_connection()  # connects to nothing yet, but reads every part
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError from error
        return url

    try:
        return read(name, default, parse, "a URL")
    except ImproperlyConfigured:
        raise ImproperlyConfigured(f"{name}: expected redis://…, rediss://… or unix://…") from None
