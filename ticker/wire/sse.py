"""Server-sent events (HTML standard, section 9.2.5): the same messages, as a stream of text."""


def event(kind: str, data: bytes) -> bytes:
    """One event. Our JSON never holds a line feed, so one data line is enough."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def retry(ms: int) -> bytes:
    """How long the browser waits before it connects again."""
    return b"retry: %d\n\n" % ms


def position(cursor: str) -> bytes:
    """What the browser sends as Last-Event-ID when it comes back; an id without data makes no event."""
    return b"id: %b\n\n" % cursor.encode()
