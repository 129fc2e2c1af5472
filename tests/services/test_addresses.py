"""Nobody chooses by a header whom the limits count, except proxies that the settings name."""

from ipaddress import ip_network

import pytest

from ticker.services.addresses import address_of, is_limited


def counted(peer, *forwarded):
    client = None if peer is None else (peer, 50_000)
    return address_of(client, [(b"host", b"x"), *((b"x-forwarded-for", said.encode("latin-1")) for said in forwarded)])


@pytest.fixture
def behind_proxies(settings):
    settings.TRUSTED_PROXIES = [ip_network(name) for name in ("127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48")]


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
        ("", ""),
    ],
)
def test_without_proxies_it_is_the_peer(peer, address):
    assert counted(peer) == address
    assert counted(peer, "198.51.100.1") == address


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7", "10.1.2.3"], "203.0.113.7"),  # a header for each hop is the same
        ("::ffff:10.1.1.1", ["2001:db8:9::7"], "2001:db8:9::/64"),
        ("2001:db8:1::5", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # the first is what the client made up
        ("127.0.0.1", ["10.9.9.9, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", ["junk, <script>, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),  # one of us asks
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7, 10.1.2.3,"], "127.0.0.1"),
        ("127.0.0.1", ["\xff\x00"], "127.0.0.1"),
        ("198.51.100.9", ["203.0.113.7"], "198.51.100.9"),
    ],
)
def test_a_proxy_that_is_trusted_names_whom_it_has_heard(behind_proxies, peer, forwarded, address):
    assert counted(peer, *forwarded) == address


def test_names_of_headers_have_no_case(behind_proxies):
    assert address_of(["127.0.0.1", 1], [(b"X-Forwarded-For", b"203.0.113.7")]) == "203.0.113.7"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_limited_only_if_the_settings_say_so(settings, address):
    assert not is_limited(address)
    settings.LIMIT_LOOPBACK = True
    assert is_limited(address)


def test_others_are_limited_and_sockets_without_an_address_never(settings):
    assert is_limited("203.0.113.7")
    settings.LIMIT_LOOPBACK = True
    assert not is_limited("")
