"""Who made a bundle, told without a network: an Ed25519 signature (RFC 8032) over all its files, in `bundle.sig`.

The SHA-256 that a manifest holds of the other files, and of itself, shows an accident: whoever changes a file on purpose
computes them anew. A signature cannot be computed anew without the private key. It is checked before anything that it
covers is read. What is signed is one text, which holds of each file its SHA-256 and its length, and the bundle's *edition*:
a number that only grows, so that a device which has seen edition 3 refuses an older bundle that somebody puts back,
although its signature is sound.

It says nothing of what else stands in the folder (a person's adapter has its own checks), and hides nothing. Who can
change files while the bundle is being opened is not kept out, nor is who can change the program or the public key.
"""

import base64
import binascii
import contextlib
import hashlib
import json
import reprlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from edgelab.bundle.keys import fingerprint, read_private_key, read_public_key
from edgelab.bundle.manifest import (
    LARGEST_MB,
    SIGNATURE,
    TOKENIZERS,
    BundleError,
    is_sha256,
    is_text,
    manifest_sha256,
    read_manifest,
    tokenizer_name,
)
from edgelab.bundle.predict import Bundle
from edgelab.declarations import Stored
from edgelab.errors import UserError
from edgelab.workspace import write_atomic

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DECLARED = (Stored("a bundle's signature", "{chosen}/**/bundle.sig", "as long as the bundle", "nobody", "course"),)

FORMAT = 1
LARGEST = 100_000  # bytes of such a file; it takes less than one thousand
LAST_EDITION = 2**53 - 1  # what every reader of JSON holds exactly
ABOUT = b"edgelab bundle 1\n"  # before the signed text: nothing that the key signs elsewhere is taken for a bundle


@dataclass(frozen=True)
class SignedFile:
    """What was signed of a file."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Signature:
    """What a bundle's signature says: its edition, the fingerprint of the public key, and each file."""

    edition: int
    key: str
    files: dict[str, SignedFile]


def sign(folder: Path, key: Path, *, edition: int | None = None) -> Signature:
    """Write `bundle.sig` into the folder of a sound bundle.

    Args:
        key: the file of the private key.
        edition: a number that only grows from one release to the next; None: `next_edition`.

    Raises:
        BundleError: the bundle is not sound, or takes no file.
        UserError: the key cannot be read, or the edition is no whole number from 1 on.
    """
    folder, private = Path(folder), read_private_key(key)
    manifest = read_manifest(folder)
    edition = next_edition(folder) if edition is None else edition
    if not _is_edition(edition):
        raise UserError(f"edition: expected a whole number from 1 to {LAST_EDITION}, found {reprlib.repr(edition)}")
    # The manifest last: of a file that was swapped and sealed anew, the file is the better reason.
    names = ("model.onnx", tokenizer_name(manifest), "bundle.json")
    try:
        files = {name: _signed_file(folder / name) for name in names}
        text = json.dumps({"edition": edition, "files": {name: asdict(file) for name, file in files.items()}})
        key_name = fingerprint(private.public_key())
        signature = base64.b64encode(private.sign(ABOUT + text.encode())).decode()
        content = {"format": FORMAT, "key": key_name, "signed": text, "signature": signature}
        write_atomic(folder / SIGNATURE, json.dumps(content, indent=1))
    except OSError as error:
        raise BundleError(f"{error.filename or folder}: cannot be signed: {error.strerror}") from None
    return Signature(edition, key_name, files)


def next_edition(folder: Path) -> int:
    """One more than the edition that the folder's signature claims, 1 where there is none that can be read. Ask before a new
    bundle takes the folder's place."""
    with contextlib.suppress(BundleError):
        return min(
            _statement(Path(folder) / SIGNATURE, _envelope(Path(folder) / SIGNATURE)["signed"]).edition + 1,
            LAST_EDITION,
        )
    return 1


def verify(folder: Path, public_key: Path, *, at_least: int = 1) -> Signature:
    """What the signature of a bundle says, once it and every file that it covers are as they were signed.

    Args:
        public_key: the file of the public key, which must have come by another way than the bundle.
        at_least: the highest edition that was accepted before.

    Raises:
        BundleError: says which of these it is: no signature, none that can be read, another key's, altered itself, of an
            older edition; or a file that is missing, truncated, altered, or a manifest that was sealed anew.

    A `UserError` says that the public key cannot be read.
    """
    folder = Path(folder)
    file, public = folder / SIGNATURE, read_public_key(public_key)
    try:
        envelope, expected = _envelope(file), fingerprint(public)
        if envelope["key"] != expected:
            raise BundleError(
                f"{file}: expected a signature by the key {expected[:16]} ({public_key}), found one by the key "
                f"{envelope['key'][:16]}: somebody else signed this bundle"
            )
        _check_signature(file, public, envelope)
        signature = _statement(file, envelope["signed"], expected)  # read only now that it is known to be the signer's
        if signature.edition < at_least:
            raise BundleError(
                f"{file}: expected edition {at_least} or later, found edition {signature.edition}: an older bundle was "
                "put in the place of a newer one"
            )
        for name, signed in signature.files.items():
            _check_file(folder / name, signed)
    except OSError as error:
        raise BundleError(f"{error.filename or folder}: cannot be read: {error.strerror}") from None
    return signature


def load_signed(folder: Path, public_key: Path, *, at_least: int = 1, threads: int = 1) -> Bundle:
    """`Bundle.load` of a bundle whose signature is sound; a `BundleError` says what `verify` refuses, or `Bundle.load`."""
    verify(folder, public_key, at_least=at_least)
    return Bundle.load(folder, threads=threads)


def _is_edition(value: object) -> TypeGuard[int]:
    return type(value) is int and 1 <= value <= LAST_EDITION


ENVELOPE: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "key": ("64 hexadecimal digits", is_sha256),
    "signed": ("a text", is_text),
    "signature": ("a text in base64", is_text),
}


def _envelope(file: Path) -> dict[str, Any]:
    """The parts of a signature's file, of which nothing is believed yet.

    Raises:
        BundleError: it is missing, or no such file.
    """
    if not file.is_file():
        raise BundleError(f"{file.parent}: expected a signed bundle, found no {SIGNATURE} in it")
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise BundleError(f"{file}: cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise BundleError(f"{file}: expected a signature of at most {LARGEST} bytes, found more")
    found = _parsed(file, content)
    if found.get("format") != FORMAT or isinstance(found["format"], bool):
        raise BundleError(f"{file}: expected format {FORMAT}, found {reprlib.repr(found.get('format'))}")
    for key, (expected, fits) in ENVELOPE.items():
        if not fits(found.get(key)):
            raise BundleError(f"{file}, {key}: expected {expected}, found {reprlib.repr(found.get(key))}")
    return found


def _parsed(file: Path, content: bytes | str) -> dict[str, Any]:
    """JSON's object in it.

    Raises:
        BundleError: there is none.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):  # also bytes that are no UTF-8
        found = None
    if not isinstance(found, dict):
        raise BundleError(f"{file}: expected a signature, as JSON, found something else")
    return found


def _check_signature(file: Path, public: "Ed25519PublicKey", envelope: dict[str, Any]) -> None:
    """Refuses a text that the key did not sign.

    Raises:
        BundleError: it did not.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(base64.b64decode(envelope["signature"], validate=True), ABOUT + envelope["signed"].encode())
    except (binascii.Error, ValueError):
        raise BundleError(f"{file}, signature: expected 64 bytes in base64, found something else") from None
    except InvalidSignature:
        raise BundleError(
            f"{file}: the signature does not fit what it signs: it was altered, or is a forgery"
        ) from None


def _statement(file: Path, text: str, key: str = "") -> Signature:
    """What a signed text says.

    Raises:
        BundleError: it says nothing of a bundle.
    """
    found = _parsed(file, text)
    edition, files = found.get("edition"), found.get("files")
    if not _is_edition(edition):
        raise BundleError(f"{file}, edition: expected a whole number from 1 on, found {reprlib.repr(edition)}")
    if not isinstance(files, dict) or set(files) not in [{"bundle.json", "model.onnx", name} for name in TOKENIZERS]:
        raise BundleError(
            f"{file}, files: expected bundle.json, model.onnx and a tokenizer, found {reprlib.repr(files)}"
        )
    for name, entry in files.items():
        if not isinstance(entry, dict) or not is_sha256(entry.get("sha256")) or type(entry.get("bytes")) is not int:
            raise BundleError(f"{file}, files, {name}: expected sha256 and bytes, found {reprlib.repr(entry)}")
    return Signature(edition, key, {name: SignedFile(entry["sha256"], entry["bytes"]) for name, entry in files.items()})


def _signed_file(file: Path) -> SignedFile:
    with file.open("rb") as opened:
        return SignedFile(hashlib.file_digest(opened, "sha256").hexdigest(), file.stat().st_size)


def _check_file(file: Path, signed: SignedFile) -> None:
    """Refuses a file that is not the one that was signed.

    Raises:
        BundleError: says how it differs.
    """
    if not file.is_file():
        raise BundleError(f"{file}: expected a file that was signed, found none")
    size = file.stat().st_size
    if size == signed.bytes and _signed_file(file).sha256 == signed.sha256:
        return
    if file.name == "bundle.json" and _is_sealed(file):
        raise BundleError(
            f"{file}: fits its own SHA-256, but is not the manifest that was signed: it was altered and sealed anew by "
            "somebody without the key"
        )
    if size < signed.bytes:
        raise BundleError(f"{file}: expected the {signed.bytes} bytes that were signed, found {size}: truncated")
    what = {"bundle.json": "manifest", "model.onnx": "model"}.get(file.name, "tokenizer")
    raise BundleError(f"{file}: expected the {what} that was signed, found another: altered or swapped since")


def _is_sealed(file: Path) -> bool:
    """Whether a manifest fits its own SHA-256; of a file that is none, it does not."""
    if file.stat().st_size > LARGEST_MB * 1e6:
        return False
    try:
        manifest = json.loads(file.read_bytes())
        return manifest["manifest_sha256"] == manifest_sha256(manifest)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return False
