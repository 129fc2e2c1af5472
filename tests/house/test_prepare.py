"""`manage.py prepare` may be repeated, and does only what is missing."""

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from ticker.models import Candle, Pair
from tradedash.management.commands import prepare

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


@pytest.fixture(autouse=True)
def world(settings, tmp_path: Path) -> None:
    """A deployment of one pair and one static file."""
    settings.PAIRS, settings.STATIC_ROOT, settings.DATA_DIR = ["SOLUSDT"], tmp_path / "static", tmp_path
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "page.js").write_text("1\n")


def prepared(capsys: pytest.CaptureFixture[str]) -> str:
    call_command("prepare")
    return capsys.readouterr().out


def test_the_first_time_makes_everything(capsys: pytest.CaptureFixture[str], settings):
    said = prepared(capsys)
    assert "history: SOLUSDT 30 days of minutes, 1 year of hours" in said
    assert Candle.objects.exists()
    assert (settings.STATIC_ROOT / "page.js").is_file()


def test_the_second_time_makes_nothing(capsys: pytest.CaptureFixture[str]):
    prepared(capsys)
    said = prepared(capsys)
    assert "history" not in said
    assert "static files" not in said


def test_a_file_that_changed_is_collected_again(capsys: pytest.CaptureFixture[str], settings, tmp_path: Path):
    prepared(capsys)
    (tmp_path / "source" / "page.js").write_text("22\n")
    assert "static files: collected" in prepared(capsys)
    assert (settings.STATIC_ROOT / "page.js").read_text() == "22\n"


def test_pairs_that_are_not_named_are_delisted(capsys: pytest.CaptureFixture[str], settings):
    prepared(capsys)
    settings.PAIRS = ["BTCUSDT"]
    assert "pairs: BTC/USDT\n" in prepared(capsys)


def test_without_a_wish_the_pairs_stay_as_staff_left_them(capsys: pytest.CaptureFixture[str], settings):
    prepared(capsys)
    settings.PAIRS = []
    prepared(capsys)
    assert [pair.symbol for pair in Pair.objects.all()] == ["SOLUSDT"]


def test_pairs_do_not_look_alike(capsys: pytest.CaptureFixture[str], settings):
    settings.PAIRS = ["XRPUSDT", "ADAUSDT"]
    prepared(capsys)
    ups = [
        [
            row[0] > row[1]
            for row in Candle.objects.filter(pair=pair, interval="1h").values_list("close_ticks", "open_ticks")
        ]
        for pair in Pair.objects.all()
    ]
    assert ups[0] != ups[1]


def test_the_first_staff_user_is_made_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    assert "manage.py createsuperuser" in prepared(capsys)
    monkeypatch.setattr(prepare, "STAFF_NAME", "ada")
    with pytest.raises(SystemExit, match="DJANGO_SUPERUSER_PASSWORD is missing"):
        call_command("prepare")
    monkeypatch.setattr(prepare, "STAFF_PASSWORD", "correct horse")
    assert "staff: ada may sign in at /admin/" in prepared(capsys)
    assert "staff" not in prepared(capsys)
    assert get_user_model().objects.get(username="ada").check_password("correct horse")
