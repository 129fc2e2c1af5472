"""Who follows the market: one hub per process, and the ways in over WebSocket, server-sent events and long poll."""
