"""The page that compares the ways in which a browser can hear of trades: what each does, and a bench to measure them."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from ticker.market.errors import NotFound
from ticker.pages.pair import path_name
from ticker.pages.shell import or_503
from ticker.pages.sketches import Sketch, Step, drawn
from ticker.services import pairs, tickers
from ticker.templatetags.prices import price_decimals

RATES = (1, 10, 100)  # trades a second that staff may choose here
TEST_S = 30  # long enough for fifteen polls at the usual pace, short enough to be waited for


@dataclass(frozen=True, slots=True)
class Transport:
    """One way to hear of trades."""

    name: str  # as static/ticker/market/comparison.js calls it
    title: str
    idea: str  # in a few words
    how: str  # in some sentences
    address: str
    files: tuple[str, ...]  # where it is done, server first
    sketch: Sketch


TRANSPORTS = (
    Transport(
        "poll",
        "Polling",
        "Asks again and again",
        "The browser asks for the newest price every few seconds. It sends the ETag of the last answer, so that an "
        "answer without news is a short 304. Whatever happens between two looks is never seen, and most of the "
        "traffic is questions. Any cache, proxy and program understands it.",
        "GET /api/v1/pairs/…/ticker/",
        (
            "ticker/api/tickers.py",
            "ticker/services/tickers.py",
            "static/ticker/ui/transports_lines.js",
        ),
        drawn(
            "Polling",
            [
                Step("ask", "GET ticker"),
                Step("answer", "trade 40"),
                Step("pause", "two seconds without a connection"),
                Step("missed", "Trade 41"),
                Step("trade", "Trade 42"),
                Step("ask", "GET ticker, If-None-Match"),
                Step("answer", "trade 42"),
                Step("pause", "two seconds without a connection"),
                Step("ask", "GET ticker, If-None-Match"),
                Step("answer", "304, nothing new"),
            ],
        ),
    ),
    Transport(
        "longpoll",
        "Long poll",
        "Asks, and waits for news",
        "The server keeps the question until something happens, gathers for 50 ms what comes next, answers, and is "
        "asked again at once. The cursor of an answer says where the browser stands: trades that happen between two "
        "questions come with the next answer, from any instance. Nothing is missed, but each answer costs a request.",
        "GET /live/v1/poll?ch=…&cursor=…",
        (
            "ticker/live/longpoll.py",
            "ticker/live/http.py",
            "ticker/wire/cursors.py",
            "static/ticker/feed/longpoll.js",
        ),
        drawn(
            "Long poll",
            [
                Step("ask", "GET poll, cursor 40"),
                Step("pause", "the server waits"),
                Step("trade", "Trade 41"),
                Step("trade", "Trade 42"),
                Step("answer", "41 and 42, cursor 42"),
                Step("trade", "Trade 43"),
                Step("ask", "GET poll, cursor 42"),
                Step("answer", "43, cursor 43"),
                Step("ask", "GET poll, cursor 43"),
                Step("pause", "the server waits"),
            ],
        ),
    ),
    Transport(
        "sse",
        "SSE",
        "One answer that never ends",
        "Server-sent events are one HTTP answer to which the server adds a few lines for every trade. Once a second "
        "it adds a cursor, from which the next stream goes on after a loss. The browser can only listen: other "
        "channels need another request. Where a proxy collects whole answers, nothing comes through.",
        "GET /live/v1/sse?ch=…",
        (
            "ticker/live/sse.py",
            "ticker/live/http.py",
            "ticker/wire/sse.py",
            "static/ticker/feed/sse.js",
        ),
        drawn(
            "Server-sent events",
            [
                Step("ask", "GET sse"),
                Step("push", "hello, you are at 40"),
                Step("trade", "Trade 41"),
                Step("push", "trade 41"),
                Step("trade", "Trade 42"),
                Step("push", "trade 42"),
                Step("push", "id: cursor 42"),
                Step("trade", "Trade 43"),
                Step("push", "trade 43"),
            ],
        ),
    ),
    Transport(
        "websocket",
        "WebSocket",
        "One connection, both ways",
        "A request that becomes a connection of its own: small frames in both directions, no heads, no questions. "
        "The browser subscribes and pings over it, the server sends each trade when it happens. After a loss the "
        "browser names its last number, and the server begins right after it. All pages here use it.",
        "GET /live/v1/ws, Upgrade: websocket",
        (
            "ticker/live/consumers.py",
            "ticker/wire/session.py",
            "tradedash/server.py",
            "static/ticker/feed/websocket.js",
        ),
        drawn(
            "WebSocket",
            [
                Step("ask", "GET ws, Upgrade"),
                Step("push", "101, hello"),
                Step("say", "subscribe, I am at 40"),
                Step("trade", "Trade 41"),
                Step("push", "trade 41"),
                Step("trade", "Trade 42"),
                Step("push", "trade 42"),
                Step("say", "ping"),
                Step("push", "pong"),
            ],
        ),
    ),
)

# What does not depend on the moment, in the order of TRANSPORTS.
PROPERTIES = (
    ("Who begins", "Browser, on a timer", "Browser, at once again", "Server", "Server or browser"),
    ("Connection", "None between questions", "Held nearly always", "One, held", "One, held"),
    ("Price of a trade", "A request per look", "A request per answer", "A few lines", "One frame"),
    ("Trades between two messages", "Lost, but for the newest", "All told", "All told", "All told"),
    (
        "After a loss",
        "Asks again; a longer hole",
        "Goes on at its cursor",
        "Goes on at its cursor",
        "Goes on at its number",
    ),
    ("Browser can speak", "With another request", "With another request", "With another request", "Yes"),
    (
        "Connections of a browser",
        "Six per site over HTTP/1.1",
        "Takes one of the six",
        "Takes one of the six",
        "Not of the six",
    ),
    ("Gets through proxies", "Always", "Nearly always", "If answers are not collected", "If upgrades are let through"),
    (
        "Choose it for",
        "Reports, caches, cron",
        "The last way to hear all",
        "Read-only boards",
        "Trading, many channels",
    ),
)


@gzip_page
@cache_control(no_cache=True)
@require_safe
@or_503
def transports(request: HttpRequest) -> HttpResponse:
    """The bench for one pair, `?pair=SOL-USDT` or the first, and the explanations, which need no pair."""
    shown = pairs.shown()
    asked = request.GET.get("pair")
    pair = next((pair for pair in shown if path_name(pair) == asked), shown[0] if shown else None)
    row = tickers.newest([pair]).get(pair.symbol) if pair else None
    return render(
        request,
        "ticker/transports.html",
        {
            "transports": TRANSPORTS,
            "properties": PROPERTIES,
            "test_s": TEST_S,
            "compared": pair,
            "choices": [(path_name(choice), choice) for choice in shown],
            "ticker": row.ticker if row else None,
            "decimals": price_decimals(pair) if pair else 0,
            "ticker_url": reverse("ticker:api-ticker", args=[pair.symbol]) if pair else "",
            "rates": RATES if may_change_rate(request) else (),
        },
    )


@require_POST
@or_503
def change_rate(request: HttpRequest) -> HttpResponse:
    """Let staff choose how fast a pair trades, and lead back to its comparison."""
    if not may_change_rate(request):
        raise PermissionDenied
    try:
        pair = pairs.get(request.POST.get("pair", ""))
        rate = next(rate for rate in RATES if str(rate) == request.POST.get("rate"))
    except (NotFound, StopIteration):
        raise Http404("There is no such pair, or no such rate.") from None
    pairs.set_rate(pair, rate)
    return redirect(f"{reverse('ticker:transports')}?{urlencode({'pair': path_name(pair)})}")


def may_change_rate(request: HttpRequest) -> bool:
    """Whoever may change pairs in the admin."""
    return request.user.is_staff and request.user.has_perm("ticker.change_pair")
