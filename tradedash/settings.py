"""One set of settings for every machine; what differs between machines comes from the environment (docs/settings.md)."""

import os
import secrets
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from ticker.market.pairs import DEFAULT_PAIRS, pair_of
from tradedash import env, redis_server

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where things are kept ---------------------------------------------------------------------
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / "var")
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    if not os.access(DATA_DIR, os.W_OK | os.X_OK):
        raise PermissionError(13, "Permission denied")
except OSError as error:
    raise ImproperlyConfigured(f"DATA_DIR={str(DATA_DIR)!r}: cannot be written: {error.strerror}") from None


def secret_key() -> str:
    """The key of this deployment: from the environment, else made once and kept in DATA_DIR, readable by its owner."""
    given = env.text("DJANGO_SECRET_KEY")
    if given:
        return given
    path = DATA_DIR / "secret_key"
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR={str(DATA_DIR)!r}: cannot be written: {error.strerror}") from None
    return path.read_text().strip()


# --- Django ------------------------------------------------------------------------------------
DEBUG = env.flag("DJANGO_DEBUG", False)
SECRET_KEY = secret_key()
ALLOWED_HOSTS = env.words("DJANGO_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
TLS = env.flag("TLS", False)  # 1 behind a proxy that speaks https: secure cookies and HSTS

INSTALLED_APPS = [
    "ticker",
    "tradedash",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it answers in place of the view
]
ROOT_URLCONF = "tradedash.urls"
ASGI_APPLICATION = "tradedash.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ticker.pages.shell.shell",
            ],
        },
    },
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# --- Guessing passwords ------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # a stranger elsewhere cannot lock anybody out
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else whoever keeps trying would never get in again
AXES_USERNAME_CALLABLE = "ticker.pages.accounts.name"
AXES_CLIENT_IP_CALLABLE = "ticker.pages.accounts.address"
AXES_LOCKOUT_CALLABLE = "ticker.pages.accounts.locked"
AXES_SENSITIVE_PARAMETERS = ["username", "csrfmiddlewaretoken"]  # some type their password where the name belongs
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # it would grow for ever
AXES_ENABLE_ADMIN = False  # ticker.admin.accounts shows the one table that is used

# --- Database ----------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{quote(str(DATA_DIR))}/tradedash.sqlite3")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # type: ignore[attr-defined]
    # Measured with four writers: without WAL and IMMEDIATE more than half of the transactions fail as "locked".
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,  # seconds a writer waits for its turn
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # Under ASGI every request has a thread of its own, so kept connections would leak: a pool instead.
    DATABASES["default"] |= {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 8, "timeout": 5}},
    }

# --- Redis and the channel layer ---------------------------------------------------------------
# `manage.py up` starts a server of its own behind this socket unless REDIS_URL names another.
REDIS_SOCKET = redis_server.socket_of(DATA_DIR)
REDIS_URL = env.redis("REDIS_URL", redis_server.url_of(REDIS_SOCKET))
REDIS_PREFIX = env.text("TICKER_REDIS_PREFIX", "tradedash")  # lets several deployments share one Redis
CHANNEL_LAYERS = {
    "default": {
        # The core layer drops messages silently above its capacity and forgets its groups when Redis restarts.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"{REDIS_PREFIX}:layer:"},
    },
}

# --- The market --------------------------------------------------------------------------------
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, 1, 65_000)  # shared by all instances; instance i also has PORT + i
INSTANCES = env.integer("INSTANCES", 2, 1, 64)
RATE = env.number("RATE", 5.0, 0.01, 2_000.0)  # trades per second and pair, unless the pair has a rate of its own


def symbols(found: list[str]) -> list[str]:
    for symbol in found:
        try:
            pair_of(symbol)
        except ValueError as error:
            raise ImproperlyConfigured(f"PAIRS={','.join(found)!r}: {error}") from None
    if len(set(found)) < len(found):
        raise ImproperlyConfigured(f"PAIRS={','.join(found)!r}: a pair is named twice")
    return found


PAIRS = symbols([symbol.upper() for symbol in env.words("PAIRS", [])])  # empty: what is there, at first the default
DEFAULT_PAIRS = DEFAULT_PAIRS
PUBLISH_EVERY_MS = env.integer(
    "TICKER_PUBLISH_EVERY_MS", 40, 5, 1_000
)  # batches of 20–50 ms: soon enough, few messages
STREAM_KEEP_MS = 10 * 60_000  # what a client may resume without REST …
STREAM_KEEP = 5_000  # … and at least so many trades
# At this length the market waits for the recorder rather than lose what it has not recorded.
STREAM_MAX = env.integer("TICKER_STREAM_MAX", 500_000, 10_000, 100_000_000)
KEEP_TRADES_DAYS = env.integer("TICKER_KEEP_TRADES_DAYS", 30, 0, 100_000)  # by `manage.py retain`; 0 is for ever

# --- Addresses: whom limits are counted for ----------------------------------------------------
LIMIT_LOOPBACK = env.flag("TICKER_LIMIT_LOOPBACK", False)  # on one's own machine limits would only be in the way


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(word.strip()) for word in text.split(",") if word.strip()]  # also refuses 10.0.0.1/8


# Whose X-Forwarded-For is believed. Nobody's: any client can write one.
TRUSTED_PROXIES: list[IPv4Network | IPv6Network] = env.read(
    "TICKER_TRUSTED_PROXIES", [], networks, "addresses or networks such as 10.0.0.0/8, separated by commas"
)

# --- Live connections --------------------------------------------------------------------------
HEARTBEAT_MS = env.integer("TICKER_HEARTBEAT_MS", 10_000, 500, 60_000)  # an idle client hears something so often
STALE_AFTER_MS = 2_000  # without Redis or without a feed, clients are told
# What is said to a busy client within this window is written together: events stay apart, calls do not. Half the rhythm of
# publishing, so that a batch never waits for the window that another pair's batch, or its ticker, has begun.
CORK_MS = 20
CORK_BUSY_MS = 40  # where a channel says hundreds of messages a second
LIVE_LIMITS = {
    "channels": 100,
    "msgs_per_s": 10,
    "burst": 30,
    "msg_bytes": 16_384,
    "publishes_per_s": 1,
    "publish_bytes": 2_048,
    # Of one address, over all instances: an office behind one address may need more.
    "connections": env.integer("TICKER_CONNECTIONS_PER_ADDRESS", 50, 1, 1_000_000),
    "connects_per_min": env.integer("TICKER_CONNECTS_PER_ADDRESS", 120, 1, 1_000_000),
}
LIVE_FORGET_S = env.number("TICKER_FORGET_S", 60.0, 1.0, 3_600.0)  # connections of a killed instance count so long
LIVE_MAX_CONNECTIONS = env.integer("TICKER_MAX_CONNECTIONS", 5_000, 1, 1_000_000)  # of one process
DRAIN_S = env.number("TICKER_DRAIN_S", 5.0, 0.0, 300.0)  # a stopping server spreads its goodbyes over this window
SHED_S = env.number("TICKER_SHED_S", 10.0, 0.1, 600.0)  # whoever needs longer to send a request is cut off
LIVE_MAX_AGE_S = env.number("TICKER_MAX_AGE_S", 86_400.0, 1.0, 31_536_000.0)  # of a WebSocket, ± 10 %
SSE_MAX_AGE_S = 600  # ± 20 %: a deployment then looks like any other minute

# --- REST --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "ticker.api.errors.one_shape",
    "DEFAULT_THROTTLE_CLASSES": ["ticker.api.throttles.PerAddress"],
}
REST_LIMITS = {  # requests a minute of one address, by the format of the answer
    "json": env.integer("TICKER_REST_PER_MIN", 600, 1, 1_000_000),
    "csv": env.integer("TICKER_CSV_PER_MIN", 30, 1, 1_000_000),  # each may read the whole record
}
SPECTACULAR_SETTINGS = {
    "TITLE": "TradeDash",
    "DESCRIPTION": "Pairs, trades and candles of the simulated market. Prices and quantities are decimal strings, times UTC milliseconds.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Static files and security -----------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "tradedash.finders.WheelFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tradedash.storage.ModuleStorage"},
}
CHART_JS = env.text("TRADEDASH_CHART_JS")  # a chart library of your own instead of the one in the wheel

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SECURE_HSTS_SECONDS = 31_536_000 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS
SECURE_SSL_REDIRECT = TLS
if TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

# --- Logging -----------------------------------------------------------------------------------
LOG_LEVEL = env.word("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "daphne": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
        "asyncio": {"level": "WARNING"},
        "axes": {"level": "WARNING"},  # a line for each wrong password; not for each step of its work
        # Said by us, in a sentence, and not with a traceback for each process and second:
        "channels_redis.pubsub": {"level": "CRITICAL"},  # Redis away: the hub says that the feed is stale
        "psycopg.pool": {"level": "ERROR"},  # the database away: whoever waits for it says so
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # anybody can cause it; the answer is 400
    },
}
