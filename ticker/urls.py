"""Every HTTP address of the markets (real time and probes: routing.py)."""

from django.urls import URLPattern, path, re_path

from ticker.api import candles, docs, errors, pairs, tickers, trades, udf
from ticker.pages import health
from ticker.pages.markets import markets
from ticker.pages.pair import pair
from ticker.pages.transports import change_rate, transports

app_name = "ticker"
urlpatterns: list[URLPattern] = [
    path("", markets, name="markets"),
    path("trade/<str:name>/", pair, name="pair"),
    path("transports/", transports, name="transports"),
    path("transports/rate/", change_rate, name="transports-rate"),
    path("api/v1/pairs/", pairs.Pairs.as_view(), name="api-pairs"),
    path("api/v1/pairs/<str:symbol>/", pairs.OnePair.as_view(), name="api-pair"),
    path("api/v1/pairs/<str:symbol>/ticker/", tickers.OneTicker.as_view(), name="api-ticker"),
    path("api/v1/pairs/<str:symbol>/trades/", trades.Trades.as_view(), name="api-trades"),
    path("api/v1/pairs/<str:symbol>/candles/", candles.Candles.as_view(), name="api-candles"),
    path("api/v1/pairs/<str:symbol>/trades.csv", trades.TradesCsv.as_view(), name="api-trades-csv"),
    path("api/v1/pairs/<str:symbol>/candles.csv", candles.CandlesCsv.as_view(), name="api-candles-csv"),
    path("api/schema/", docs.Schema.as_view(), name="api-schema"),
    path("api/docs/", docs.docs, name="api-docs"),
    re_path(r"^api(?:/|$)", errors.nowhere, name="api-nowhere"),
    path("udf/config", udf.Config.as_view(), name="udf-config"),
    path("udf/time", udf.Time.as_view(), name="udf-time"),
    path("udf/symbols", udf.Symbols.as_view(), name="udf-symbols"),
    path("udf/search", udf.Search.as_view(), name="udf-search"),
    path("udf/history", udf.History.as_view(), name="udf-history"),
    path("udf/quotes", udf.Quotes.as_view(), name="udf-quotes"),
    re_path(r"^udf(?:/|$)", udf.nowhere, name="udf-nowhere"),
    path("metrics", health.metrics, name="metrics"),
]
