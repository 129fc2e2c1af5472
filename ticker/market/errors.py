"""What can go wrong, grouped by who can do something about it; edges translate each group once."""


class TickerError(Exception):
    """Anything that TradeDash refuses or cannot do; `code` is for programs, the message for people."""

    code = "internal"

    def __init__(self, detail: str, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code


class BadRequest(TickerError):
    """The client asked for something that makes no sense; the same request will fail again."""

    code = "bad_param"


class NotFound(BadRequest):
    """The client named something that does not exist."""

    code = "not_found"


class NotSignedIn(BadRequest):
    """The client must say who it is, or what it says of itself is not, or no longer, true."""

    code = "auth_required"


class Unavailable(TickerError):
    """Something that we depend on is away; the same request may succeed later."""

    code = "unavailable"
