"""Names of channel layer groups. A layer allows letters, digits, hyphens, underscores and full stops, below 100 in all.

A group has one member for each process that follows, never one for each client.
"""

TICKERS = "tickers"  # the tickers of all pairs that have just changed
LOBBY = "log.lobby"  # what clients say to all others
SYSTEM = "log.system"  # what happens to the markets and to who tells of them
BROADCAST = "broadcast"  # the frames behind /live/v1/broadcast


def of_pair(symbol: str) -> str:
    """The group that hears every batch of a pair."""
    return f"pair.{symbol}"


def of_user(user_id: int, what: str) -> str:
    """The group that hears a user's own log: "notifications" or "backtests"."""
    return f"user.{user_id}.{what}"
