"""A WebSocket connection that keeps only what an open one needs, and gives all of it back when it ends.

What each of these savings is worth is measured in docs/topics/daphne.md; what they rely on is tested in
tests/live/test_cost.py.
"""

import gc
from typing import Any

from autobahn.websocket.protocol import TrafficStats
from daphne.ws_protocol import WebSocketProtocol
from twisted.web.http import HTTPChannel

# What autobahn and Daphne set on every connection and no class has a default for: in slots, as Python lets instances
# share the layout of their dicts only up to thirty names. A name that a release adds goes to the dict, and works.
STATE = (
    *("state", "send_state", "data", "send_queue", "triggered", "utf8validator", "trafficStats", "trackedTimings"),
    *("_raw_query_string", "_transport_details", "_perMessageCompress", "_isMessageCompressed", "is_closed"),
    *("closedByMe", "failedByMe", "droppedByMe", "wasClean", "wasNotCleanReason", "wasServingFlashSocketPolicyFile"),
    *("wasMaxFramePayloadSizeExceeded", "wasMaxMessagePayloadSizeExceeded"),
    *("wasServerConnectionDropTimeout", "wasOpenHandshakeTimeout", "wasCloseHandshakeTimeout"),
    *("localCloseCode", "localCloseReason", "remoteCloseCode", "remoteCloseReason"),
    *("openHandshakeTimeoutCall", "closeHandshakeTimeoutCall", "autoPingTimeoutCall", "autoPingPendingCall"),
    *("autoPingPending", "autoPingPendingSeq", "autoPingPendingSent"),
    *("websocket_version", "websocket_protocol_in_use", "websocket_extensions_in_use"),
    *("inside_message", "current_frame", "current_frame_masker", "control_frame_data", "frame_data", "frame_length"),
    *("message_data", "message_data_total_length", "message_is_binary"),
    *("utf8validateLast", "utf8validateIncomingCurrentMessage"),
    *("server", "request", "application_queue", "handshake_deferred", "protocol_to_accept", "path", "root_path"),
    *("client_addr", "server_addr", "socket_opened", "last_ping"),
)
# The same, but of no use to an open connection: forgotten then. A browser's headers alone are kilobytes, several times.
HANDSHAKE = (
    *("is_open", "application_deferred", "clean_headers", "_wskey"),
    *("http_request_data", "http_request_host", "http_request_params", "http_request_path", "http_request_uri"),
    *("http_headers", "http_status_line", "http_response_data"),
    *("websocket_extensions", "websocket_origin", "websocket_protocols"),
)


class LeanProtocol(WebSocketProtocol):
    """One WebSocket connection."""

    __slots__ = (*STATE, *HANDSHAKE)

    traffic = TrafficStats()  # of all connections: nobody asks for one's own

    def _connectionMade(self) -> None:
        super()._connectionMade()
        self.trafficStats = self.traffic
        self.send_queue = ()  # a deque is 760 bytes, and only delayed writes, which nobody here makes, put into it

    def dataReceived(self, data: bytes) -> None:
        # Not autobahn's own: that one paints the words of a debug line with each piece that comes, whoever reads them.
        self._dataReceived(data)

    def succeedHandshake(self, res: Any) -> None:
        super().succeedHandshake(res)
        self._forget_request()
        if self.state == self.STATE_OPEN:
            self._forget_handshake()

    def _forget_request(self) -> None:
        """Let go of what has been HTTP: it stays the transport's producer, and so it would stay with us."""
        channel = self.transport.producer
        self.transport.unregisterProducer()
        if isinstance(channel, HTTPChannel):
            for request in channel.requests:
                self.server.connections.pop(request, None)
            channel.requests.clear()  # channel and request know each other: only the collector would find them

    def _forget_handshake(self) -> None:
        for name in HANDSHAKE:
            delattr(self, name)
        del self._valid_events, self._results  # what their class has does for who has no listeners
        self._transport_details = None
        self.request.headers = self.request.params = None  # of the request, Daphne asks for the path again

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        del self.is_closed  # its result is this connection: only the collector would find the two


def with_options_of(factory: Any, protocol: type[LeanProtocol]) -> type[LeanProtocol]:
    """The protocol with its factory's options in the class, to be called when all options are set.

    Autobahn copies all of them to each connection, and prints them prettily for a debug line, whoever reads it.
    """
    options = {name: getattr(factory, name) for name in protocol.CONFIG_ATTRS}
    shared = {name: staticmethod(option) if callable(option) else option for name, option in options.items()}
    return type(protocol.__name__, (protocol,), {"__slots__": (), "CONFIG_ATTRS": (), **shared})


def calm_collector() -> None:
    """Have the collector of cycles look at what clients bring, and seldom; to be called when all is loaded.

    Django and the rest are 100,000 objects which are here to stay, and walking them all again and again is what most
    of a crowd's first second was spent on. Connections are no cycles: they go without the collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)  # new objects, of which a connection has about 90; Python's 700 suit small programs
