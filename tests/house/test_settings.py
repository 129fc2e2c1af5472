"""Settings work for any folder, and documents name every variable that is asked for."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.kit.house import ROOT
from tradedash import env
from tradedash.management.commands import prepare

# Their defaults depend on where TradeDash lives.
PLACES = {"DATA_DIR", "DATABASE_URL", "REDIS_URL"}


def asked() -> dict[str, str]:
    assert settings.configured
    assert prepare.STAFF_NAME == ""  # importing it asks for the variables of the first staff user
    return env.ASKED


def written(default: str) -> str:
    """A default as one would write it into the environment."""
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return default
    if isinstance(value, list):
        return ",".join(value)
    return str(int(value)) if isinstance(value, bool) or value == int(value) else str(value)


def in_example() -> dict[str, str]:
    return dict(re.findall(r"(?m)^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text()))


def in_settings_page() -> dict[str, str]:
    page = (ROOT / "docs" / "settings.md").read_text()
    return dict(re.findall(r"(?m)^\| `([A-Z_]+)` \| (?:`(.*?)`)?[^|]*\|", page))


@pytest.mark.parametrize("document", [in_example, in_settings_page])
def test_documents_name_every_variable_and_no_other(document):
    assert sorted(document()) == sorted(asked())


@pytest.mark.parametrize("document", [in_example, in_settings_page])
def test_documents_tell_the_true_defaults(document):
    expected = {name: written(default) for name, default in asked().items() if name not in PLACES}
    assert {name: told for name, told in document().items() if name not in PLACES} == expected


@pytest.mark.parametrize("found", ["proxy.example", "10.0.0.1/8", "10.0.0.1 10.0.0.2", "10.0.0.0/33"])
def test_a_proxy_that_is_no_address_stops_the_start_and_is_named(tmp_path: Path, found: str):
    env = {"DATA_DIR": str(tmp_path), "TICKER_TRUSTED_PROXIES": found}
    ask = [sys.executable, "-c", "from tradedash import settings"]
    ended = subprocess.run(ask, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert f"ImproperlyConfigured: TICKER_TRUSTED_PROXIES='{found}': expected addresses or networks" in ended.stderr


def test_any_folder_will_do(tmp_path: Path):
    odd = tmp_path / "a #b%20?c+d é"
    ask = "from tradedash import settings; print(settings.DATABASES['default']['NAME'])"
    found = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, env={"DATA_DIR": str(odd)}, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == str(odd / "tradedash.sqlite3")
