"""What is kept: tables and constraints."""

from ticker.models.accounts import AccessToken
from ticker.models.announcements import Announcement
from ticker.models.candles import Candle
from ticker.models.pairs import Pair
from ticker.models.trades import Trade, Unreadable

__all__ = ["AccessToken", "Announcement", "Candle", "Pair", "Trade", "Unreadable"]
