"""How long a connection may wait for its client to read, told by a clock of the test's own."""

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from tradedash import requests
from tradedash.requests import IDLE_S, Channel


class Transport(StringTransport):
    """A transport whose client reads as much as a test says."""

    unread = 0
    is_aborted = False

    def abortConnection(self) -> None:  # noqa: N802
        self.is_aborted = True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def answered(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Channel:
    """A connection whose one request was answered."""
    channel = Channel()
    channel.callLater = clock.callLater
    monkeypatch.setattr(requests.Outgoing, "unsent", lambda outgoing: outgoing._protocol.transport.unread)
    channel.makeConnection(Transport())
    request = object()
    channel.requests.append(request)
    channel.setTimeout(None)  # as while a request is answered
    channel.requestDone(request)
    return channel


def test_a_connection_that_nobody_uses_is_ended(answered: Channel, clock: Clock):
    clock.advance(IDLE_S - 1)
    assert not answered.transport.disconnecting
    clock.advance(2)
    assert answered.transport.disconnecting


def test_an_answer_that_is_still_being_read_is_not_cut(answered: Channel, clock: Clock):
    for unread in (3_000, 2_000, 1_000):
        answered.transport.unread = unread
        clock.advance(IDLE_S)
        assert not answered.transport.disconnecting
    answered.transport.unread = 0
    clock.advance(IDLE_S)
    assert answered.transport.disconnecting


def test_an_answer_that_nobody_reads_is_thrown_away(answered: Channel, clock: Clock):
    answered.transport.unread = 3_000
    clock.advance(IDLE_S)
    clock.advance(IDLE_S)
    assert answered.transport.disconnecting and not answered.transport.is_aborted
    clock.advance(answered.abortTimeout)
    assert answered.transport.is_aborted
