"""The pair of Ed25519 keys (RFC 8032) by which bundles are signed and verified: made once, kept in two files."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab.declarations import Stored
from edgelab.errors import UserError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

DECLARED = (
    Stored(
        "a pair of keys that sign and verify bundles", "{chosen}/**", "until the user deletes them", "nobody", "course"
    ),
)

LARGEST = 100_000  # bytes of a key's file; one takes a hundred
MISSING = "keys need the package cryptography, which is not installed: pip install 'edgelab-workbook[privacy]'"


def new_keys(file: Path) -> tuple[str, Path]:
    """Make a pair of keys: the private one in `file`, readable by its owner alone, the public one in `file`.pub, for everyone
    who verifies. Returns the fingerprint of the public key, and its place.

    Raises:
        UserError: one of the two is there already: bundles that were signed with it could not be signed again; or the
            folder takes no file: then there is neither of the two.
    """
    if not file.name:
        raise UserError(f"{file}: expected a new file for a key, found a folder")
    private, public_file = _ed25519().Ed25519PrivateKey.generate(), file.with_name(f"{file.name}.pub")
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for place in (file, public_file):
        if os.path.lexists(place):
            raise UserError(f"{place}: expected a new file for a key, found one that is there; choose another name")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Private from its first moment on. The public one first: what a kill leaves behind is no secret.
        with _new(public_file, 0o666, public), _new(file, 0o600, secret):
            pass
    except OSError as error:
        raise UserError(f"{error.filename or file}: a key cannot be written there: {error.strerror}") from None
    return fingerprint(private.public_key()), public_file


@contextlib.contextmanager
def _new(place: Path, mode: int, content: bytes) -> Iterator[None]:
    """A new file, never in the place of one that has appeared since; gone again if the block, or writing it, fails."""
    opened = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(opened, "wb") as file:
            file.write(content)
        yield
    except BaseException:
        place.unlink(missing_ok=True)
        raise


def fingerprint(key: "Ed25519PublicKey") -> str:
    """SHA-256 of a public key's 32 bytes: its name."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def read_private_key(file: Path) -> "Ed25519PrivateKey":
    """The key that signs; a `UserError` says that the file holds none, or that cryptography is missing."""
    kind = _ed25519().Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return _key(file, "a private", kind, lambda content: load_pem_private_key(content, None))


def read_public_key(file: Path) -> "Ed25519PublicKey":
    """The key that verifies; a `UserError` says that the file holds none, or that cryptography is missing."""
    kind = _ed25519().Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return _key(file, "a public", kind, load_pem_public_key)


def _ed25519() -> Any:
    """cryptography's module of such keys.

    Raises:
        UserError: it is missing.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise UserError(MISSING) from None
    return ed25519


def _key(file: Path, which: str, kind: type, load: Callable[[bytes], Any]) -> Any:
    """The key of a PEM file.

    Raises:
        UserError: there is none of that kind in it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        with open(file, "rb") as opened:
            content = opened.read(LARGEST)
    except OSError as error:
        raise UserError(f"{file}: expected {which} key, found none: {error.strerror}") from None
    try:
        key = load(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it has a password
        key = None
    if not isinstance(key, kind):
        raise UserError(f"{file}: expected {which} Ed25519 key as `edgelab keys` writes it, found something else")
    return key
