"""Everything that the package stores and sends, in one table made from the code's own declarations."""

from dataclasses import dataclass

from edgelab.machine.declarations import Sent, Stored


@dataclass(frozen=True)
class Declared:
    """A declaration, and the module that it stands in."""

    module: str
    said: Stored | Sent


def declared_stores() -> tuple[Declared, ...]:
    """Every `Stored` of the package, by module."""
    raise NotImplementedError


def declared_sends() -> tuple[Declared, ...]:
    """Every `Sent` of the package, by module."""
    raise NotImplementedError


def data_flow() -> list[dict[str, str]]:
    """The table, one row a declaration: `module`, `does` (keeps, sends), `what`, `about`, `where`, `how long`, `policy`."""
    raise NotImplementedError
