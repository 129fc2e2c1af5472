"""Names of channel layer groups. A layer allows letters, digits, hyphens, underscores and full stops, below 100 in all."""


def of_pair(symbol: str) -> str:
    """The group that hears every batch of a pair: one member for each process that has followers."""
    return f"pair.{symbol}"


BROADCAST = "broadcast"  # the group behind /live/v1/broadcast
