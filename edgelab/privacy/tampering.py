"""A bundle altered on purpose, in each way that matters, and what refuses it: the hashes alone, or only a signature."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgelab.datasets.dataset import Split
from edgelab.stats.intervals import Interval

# What each does to a copy of a bundle; given are the copy and a key of the attacker's own.
TAMPERINGS: Mapping[str, Callable[[Path, Path], None]] = {}


@dataclass(frozen=True)
class Outcome:
    """One tampering. `by_hashes` and `by_signature` are the reasons for which `Bundle.load` and `load_signed` refuse it; empty
    where they do not. `accuracy` is what the altered bundle makes of a split where it loads without a key."""

    kind: str
    by_hashes: str
    by_signature: str
    accuracy: Interval | None


def tampered_copy(bundle: Path, kind: str, to: Path) -> Path:
    """A copy of a signed bundle with one of TAMPERINGS.

    Raises:
        KeyError: there is no such tampering.
    """
    raise NotImplementedError


def try_tampering(
    bundle: Path, public_key: Path, folder: Path, split: Split, *, at_least: int, kinds: Sequence[str] = ()
) -> list[Outcome]:
    """Every tampering (or these kinds) of a signed bundle, made in `folder` and tried; `at_least` is the bundle's edition."""
    raise NotImplementedError
