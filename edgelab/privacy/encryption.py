"""Encryption at rest: AES-256-GCM (NIST SP 800-38D) over the files of a folder, and what it does not protect."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgelab.stats.intervals import Interval


def new_secret() -> bytes:
    """A random key of 32 bytes."""
    raise NotImplementedError


def secret_from_passphrase(passphrase: str, salt: bytes, cost: int = 2**14) -> bytes:
    """A key made of a passphrase by scrypt (RFC 7914): each guess costs an attacker as long as it costs the owner."""
    raise NotImplementedError


def encrypt_folder(folder: Path, to: Path, secret: bytes) -> None:
    """Write every file of a folder encrypted into another one, under the same names. A file's name is authenticated with it,
    so that two of them cannot be swapped.

    Raises:
        BundleError: a file cannot be read or written.
    """
    raise NotImplementedError


def decrypt_folder(folder: Path, secret: bytes) -> dict[str, bytes]:
    """The files of an encrypted folder by their relative names, in memory only.

    Raises:
        BundleError: the key is another one, or a file was altered, truncated or swapped.
    """
    raise NotImplementedError


@dataclass(frozen=True)
class Exposed:
    """Where secrets were found: in the encrypted files, in the memory of the process that uses them, and what the sizes of
    files tell; each a share of the phrases searched for."""

    on_disk: Interval
    in_memory: Interval
    sizes: Mapping[str, int]


def what_is_exposed(folder: Path, secret: bytes, phrases: tuple[str, ...]) -> Exposed:
    """Search an encrypted folder, and the memory of a process that has opened it, for phrases that it holds."""
    raise NotImplementedError


def guessing_seconds(digits: int, cost: int = 2**14) -> Interval:
    """How long an attacker with the encrypted folder tries every PIN of so many digits on this machine, in seconds: the median
    of measured guesses times their number, with the interval of the median."""
    raise NotImplementedError
