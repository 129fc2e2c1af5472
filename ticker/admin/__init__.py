"""What staff see and may do: the stock admin, one file a subject."""

from django.contrib import admin

from ticker.admin.accounts import AccessTokenAdmin
from ticker.admin.announcements import AnnouncementAdmin
from ticker.admin.candles import CandleAdmin
from ticker.admin.pairs import PairAdmin
from ticker.admin.trades import TradeAdmin

__all__ = ["AccessTokenAdmin", "AnnouncementAdmin", "CandleAdmin", "PairAdmin", "TradeAdmin"]

admin.site.site_header = admin.site.site_title = "TradeDash"
admin.site.index_title = "Markets"
