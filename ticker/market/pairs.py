"""What is traded: a pair of assets, its ticks and steps, and the pairs that a new deployment starts with."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum


def plain(number: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: as many decimals as it needs."""
    return Decimal(format(number.normalize(), "f"))


QUOTES = ("USDT", "USDC", "EUR", "BTC", "ETH")


class PairStatus(StrEnum):
    OPEN = "open"
    HALTED = "halted"  # shown, but nothing trades
    DELISTED = "delisted"  # kept in the record, not shown


@dataclass(frozen=True, slots=True)
class Pair:
    """What is traded against what, and how finely."""

    symbol: str  # "SOLUSDT"
    base: str  # "SOL"
    quote: str  # "USDT"
    price_tick: Decimal  # prices are whole numbers of it
    qty_step: Decimal  # quantities are whole numbers of it
    start_price: Decimal  # where a new market begins
    volatility: float  # of the price, a year, as a fraction: 0.8 is 80 %

    @property
    def name(self) -> str:
        return f"{self.base}/{self.quote}"

    def to_tick(self, price: float | Decimal) -> Decimal:
        """The nearest price on a tick, at least one tick."""
        ticks = (Decimal(price) / self.price_tick).quantize(Decimal(1), ROUND_HALF_EVEN)
        return max(ticks, Decimal(1)) * self.price_tick

    def to_step(self, qty: float | Decimal) -> Decimal:
        """The nearest quantity on a step, at least one step."""
        steps = (Decimal(qty) / self.qty_step).quantize(Decimal(1), ROUND_HALF_EVEN)
        return max(steps, Decimal(1)) * self.qty_step


def _pair(base: str, start: str, tick: str, step: str, volatility: float) -> Pair:
    return Pair(f"{base}USDT", base, "USDT", Decimal(tick), Decimal(step), Decimal(start), volatility)


# Round prices of no particular day: this is a simulated market.
KNOWN = {
    pair.symbol: pair
    for pair in (
        _pair("SOL", "142.00", "0.01", "0.001", 0.85),
        _pair("BTC", "64000.00", "0.01", "0.00001", 0.50),
        _pair("ETH", "3100.00", "0.01", "0.0001", 0.65),
        _pair("BNB", "580.00", "0.01", "0.001", 0.55),
        _pair("XRP", "0.5600", "0.0001", "0.1", 0.75),
        _pair("ADA", "0.4500", "0.0001", "0.1", 0.80),
        _pair("AVAX", "28.00", "0.01", "0.01", 0.90),
        _pair("DOGE", "0.12500", "0.00001", "1", 0.95),
        _pair("LINK", "14.20", "0.01", "0.01", 0.85),
        _pair("DOT", "6.200", "0.001", "0.01", 0.80),
        _pair("LTC", "72.00", "0.01", "0.001", 0.65),
        _pair("TRX", "0.1250", "0.0001", "0.1", 0.50),
    )
}
DEFAULT_PAIRS = ["SOLUSDT", "BTCUSDT", "ETHUSDT", "BNBUSDT", "XRPUSDT", "ADAUSDT", "AVAXUSDT", "DOGEUSDT"]


def split_symbol(symbol: str) -> tuple[str, str]:
    """The base and quote of a symbol: "SOLUSDT" is SOL and USDT. Raises ValueError for anything else."""
    match = re.fullmatch(rf"([A-Z0-9]{{2,12}}?)({'|'.join(QUOTES)})", symbol)
    if not match:
        raise ValueError(f"expected symbols such as SOLUSDT (quotes: {', '.join(QUOTES)}), found {symbol[:30]!r}")
    return match[1], match[2]


def pair_of(symbol: str) -> Pair:
    """A known pair, or one with middling ticks for a symbol that we do not know. Raises ValueError for no symbol."""
    if symbol in KNOWN:
        return KNOWN[symbol]
    base, quote = split_symbol(symbol)
    return Pair(symbol, base, quote, Decimal("0.01"), Decimal("0.001"), Decimal("100.00"), 0.80)
