"""Where phones find the lab: the machine's address in its network, and the QR code of a URL."""

import ipaddress
import socket

from edgelab.declarations import Sent
from edgelab.fleet.content import FleetError

DECLARED = (
    Sent(
        what="nothing: the system is asked by which of its addresses it would send",
        to="nobody",
        where="{documentation}",
        policy="an address that is reserved for documentation; no packet leaves",
        about="nobody",
        part="course",
    ),
)

LOOPBACK = "127.0.0.1"
ELSEWHERE = ("192.0.2.1", 9)  # reserved for documentation: nothing is sent there, the system only names its way out


def lan_address() -> str:
    """This machine's IPv4 address in the network that it reaches others through.

    Raises:
        FleetError: it is in none.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            found = probe.getsockname()[0]
        except OSError:
            found = LOOPBACK
    if ipaddress.ip_address(found).is_loopback:
        raise FleetError("--lan: this machine is in no network: connect it to the one that the phones are in")
    return found


def is_public(address: str) -> bool:
    """Whether an address can be reached from outside its network, if no firewall stands before it."""
    return ipaddress.ip_address(address).is_global


def qr_svg(url: str) -> str:
    """The QR code of a URL as an SVG image to put into a page, black on white in light and dark."""
    import segno

    return segno.make(url, error="m", micro=False).svg_inline(scale=6, light="white", title="QR code")


def qr_lines(url: str) -> list[str]:
    """The QR code in block characters, two rows to a line; light where the terminal writes."""
    import segno

    rows = [list(row) for row in segno.make(url, error="m", micro=False).matrix_iter(border=2)]
    rows += [[1] * len(rows[0])] * (len(rows) % 2)  # below its light border: dark, so left unwritten
    blocks = {(0, 0): "\u2588", (0, 1): "\u2580", (1, 0): "\u2584", (1, 1): " "}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(blocks[bool(a), bool(b)] for a, b in zip(*pair, strict=True)) for pair in pairs]
