"""The settings of a test run: the real ones, in a folder of its own that is gone afterwards."""

import atexit
import os
import shutil
import tempfile

from tests.kit.postgres import Postgres

# Whatever the developer's shell or .env says, a test run is the same everywhere.
for name in ("REDIS_URL", "DATABASE_URL", "PAIRS", "RATE", "PORT", "HOST", "INSTANCES", "TICKER_REDIS_PREFIX", "TLS"):
    os.environ.pop(name, None)
for name in [name for name in os.environ if name.startswith(("DJANGO_", "TICKER_", "TRADEDASH_CHART_JS"))]:
    if name != "DJANGO_SETTINGS_MODULE":
        os.environ.pop(name)

# Each process of pytest-xdist has a folder (and so a Redis and a database) of its own; the servers that a test
# starts as real processes find the folder of the test that started them.
OWNER = os.environ.get("PYTEST_XDIST_WORKER", "main")
if os.environ.get("TRADEDASH_TEST_RUN") != OWNER:
    os.environ["TRADEDASH_TEST_RUN"] = OWNER
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="tradedash-test-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
    # `make postgres`: the same tests on the other database, which is started here.
    if os.environ.get("TEST_DATABASE") == "postgresql":
        server = Postgres()
        atexit.register(server.stop)
        server.start()
        os.environ["TEST_DATABASE_URL"] = server.url
if "TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]

from tradedash.settings import *  # noqa: E402
from tradedash.settings import DATABASES, STORAGES  # noqa: E402

# The real one, no copy in memory: live servers and real processes read the same database as the test does.
DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}

# Plain names, straight from the source folders: nothing has to be collected before a page can be asked for.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick: no test is about the hash
