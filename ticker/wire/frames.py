"""WebSocket frames for what is said to many clients: encoded once, written as they are (RFC 6455, section 5.2)."""

TEXT, BINARY = 0x1, 0x2
_FIN = 0x80


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole, unmasked frame from a server."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((_FIN | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FIN | opcode, 127)) + size.to_bytes(8, "big") + payload
