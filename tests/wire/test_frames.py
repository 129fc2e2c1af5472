"""The frames that we encode ourselves are what another WebSocket library reads."""

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from ticker.wire import frames


def read(data):
    """The frame as the `websockets` library reads it from a server."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    parsing = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    assert not reader.buffer  # nothing is left over
    return done.value.value


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
@pytest.mark.parametrize(("opcode", "read_as"), [(frames.TEXT, Opcode.TEXT), (frames.BINARY, Opcode.BINARY)])
def test_a_frame_of_any_size_is_read_back(size, opcode, read_as):
    payload = b"x" * size
    found = read(frames.frame(opcode, payload))
    assert (found.opcode, found.data, found.fin) == (read_as, payload, True)
    assert not (found.rsv1 or found.rsv2 or found.rsv3)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_byte_for_byte_what_that_library_would_send(size):
    payload = b"x" * size
    assert frames.frame(frames.TEXT, payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
