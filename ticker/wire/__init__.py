"""How it is said: messages, sessions, names of channels and groups, cursors. Pure: bytes in, bytes out."""
