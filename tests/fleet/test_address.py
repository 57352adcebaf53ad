"""Where phones find the lab."""

import socket
from xml.etree import ElementTree

import pytest

from edgelab.fleet import address
from edgelab.fleet.address import is_public, lan_address, qr_lines, qr_svg
from edgelab.fleet.content import FleetError

URL = "http://192.168.1.5:8898/#abcdefghijklmnopqrstuvwx"


def test_the_address_of_this_machine_can_be_listened_on():
    try:
        found = lan_address()
    except FleetError:
        pytest.skip("this machine is in no network")
    with socket.socket() as listening:
        listening.bind((found, 0))


def test_without_a_network_it_says_so(monkeypatch):
    monkeypatch.setattr(address, "ELSEWHERE", ("127.0.0.2", 9))  # reached through loopback alone
    with pytest.raises(FleetError, match="--lan: this machine is in no network"):
        lan_address()


def test_a_public_address_is_known():
    assert is_public("8.8.8.8") and not any(
        map(is_public, ("192.168.1.5", "10.0.0.1", "172.16.3.4", "127.0.0.1", "169.254.1.1"))
    )


def test_the_code_is_the_same_in_blocks_and_as_an_image():
    """Read back module by module; that a reader of codes reads it is the library's matter."""
    import segno

    rows = [list(row) for row in segno.make(URL, error="m", micro=False).matrix_iter(border=2)]
    pixels = {"\u2588": (0, 0), "\u2580": (0, 1), "\u2584": (1, 0), " ": (1, 1)}
    drawn = [[pixels[character][half] for character in line] for line in qr_lines(URL) for half in (0, 1)]
    assert drawn[: len(rows)] == [[int(bool(dark)) for dark in row] for row in rows]
    image = ElementTree.fromstring(qr_svg(URL))
    assert image.tag.endswith("svg") and "#fff" in qr_svg(URL)
