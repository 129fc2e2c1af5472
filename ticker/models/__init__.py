"""What is kept: tables and constraints."""

from ticker.models.candles import Candle
from ticker.models.pairs import Pair
from ticker.models.trades import Trade

__all__ = ["Candle", "Pair", "Trade"]
