"""The schema says what the answers are, and the page that shows it asks no other host."""

import re

import jsonschema
import pytest
from django.core.management import call_command

from tests.kit.builders import pair_row
from tests.kit.record import recorded, run_of

ANSWERS = {
    "/api/v1/pairs/": "/api/v1/pairs/",
    "/api/v1/pairs/{symbol}/": "/api/v1/pairs/SOLUSDT/",
    "/api/v1/pairs/{symbol}/ticker/": "/api/v1/pairs/SOLUSDT/ticker/",
    "/api/v1/pairs/{symbol}/trades/": "/api/v1/pairs/SOLUSDT/trades/?limit=2",
    "/api/v1/pairs/{symbol}/candles/": "/api/v1/pairs/SOLUSDT/candles/?limit=2",
}
FILES = {f"/api/v1/pairs/{{symbol}}/{name}.csv" for name in ("trades", "candles")}  # see test_csv.py


def strict(found):
    """The schema as JSON Schema: `nullable` in its own words, and nothing but what is described."""
    if isinstance(found, list):
        return [strict(item) for item in found]
    if not isinstance(found, dict):
        return found
    made = {name: strict(value) for name, value in found.items() if name != "nullable"}
    if "properties" in made:
        made["additionalProperties"] = False
    return {"anyOf": [made, {"type": "null"}]} if found.get("nullable") is True else made


def test_the_schema_is_valid_and_complete(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


@pytest.mark.django_db
def test_every_answer_is_as_the_schema_says(get):
    recorded(run_of(5))
    pair_row("BTCUSDT")
    schema = get("/api/schema/").json()
    assert set(schema["paths"]) == set(ANSWERS) | FILES
    components = strict(schema["components"])
    for path, address in ANSWERS.items():
        described = strict(schema["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"])
        jsonschema.validate(get(address).json(), described | {"components": components})


@pytest.mark.django_db
def test_the_page_holds_no_inline_script_and_no_foreign_address(get):
    answer = get("/api/docs/")
    page = answer.content.decode()
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)
