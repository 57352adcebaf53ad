"""A bundle altered on purpose, in each way that matters, and what refuses it: the hashes alone, or only a signature."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab.bundle.keys import new_keys
from edgelab.bundle.manifest import SIGNATURE, BundleError, manifest_sha256, tokenizer_name
from edgelab.bundle.opening import open_tokenizer
from edgelab.bundle.predict import Bundle
from edgelab.bundle.signature import load_signed, sign
from edgelab.bundle.vocabulary import pack_vocabulary
from edgelab.datasets.dataset import Split
from edgelab.stats.intervals import Interval, accuracy_interval


def flip_bit(folder: Path) -> None:
    """One bit of the model, in the middle of its weights."""
    _change(folder / "model.onnx", lambda content: _with_other_bit(content, len(content) // 2))


def truncate(folder: Path) -> None:
    """The last half of the model is gone, as after a download that broke off."""
    _change(folder / "model.onnx", lambda content: content[: len(content) // 2])


def swap_tokenizer(folder: Path) -> None:
    """Another tokenizer, as sound as the first: the same pieces, but the words among them have each other's numbers."""
    from tokenizers import Tokenizer

    file = folder / tokenizer_name(_manifest(folder))
    held = json.loads(open_tokenizer(file).to_str())
    vocabulary = held["model"]["vocab"]
    words = [piece for piece in vocabulary if piece.isalpha()]
    held["model"]["vocab"] = vocabulary | {w: vocabulary[o] for w, o in zip(words, reversed(words), strict=True)}
    other = Tokenizer.from_str(json.dumps(held))
    packed = pack_vocabulary(other) if file.suffix == ".zlib" else other.to_str().encode()
    assert packed is not None  # of the same kind as the one that it was made of
    file.write_bytes(packed)


def swap_labels(folder: Path) -> None:
    """Each label stands where the next one was: `call_person` may become `delete_list`. The manifest is not sealed anew."""
    manifest = _manifest(folder)
    manifest["labels"] = [*manifest["labels"][1:], manifest["labels"][0]]
    (folder / "bundle.json").write_text(json.dumps(manifest, indent=1), "utf-8")


def seal_anew(folder: Path) -> None:
    """Every hash in the manifest computed anew, and its own: what whoever alters a file does next."""
    manifest = _manifest(folder)
    manifest["sha256"] = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in manifest["sha256"]}
    manifest["manifest_sha256"] = manifest_sha256(manifest)
    (folder / "bundle.json").write_text(json.dumps(manifest, indent=1), "utf-8")


def swap_tokenizer_and_seal(folder: Path) -> None:
    """`swap_tokenizer`, then `seal_anew`."""
    swap_tokenizer(folder)
    seal_anew(folder)


def swap_labels_and_seal(folder: Path) -> None:
    """`swap_labels`, then `seal_anew`."""
    swap_labels(folder)
    seal_anew(folder)


def sign_with_own_key(folder: Path) -> None:
    """Labels swapped, sealed anew, and signed: by a key of the attacker's own."""
    swap_labels_and_seal(folder)
    key = folder.with_name(f".{folder.name}.key")
    new_keys(key)
    sign(folder, key)


def forge_edition(folder: Path) -> None:
    """The edition that the signature claims, raised without the key."""
    _change(folder / SIGNATURE, lambda content: content.replace(b'edition\\": ', b'edition\\": 9'))


def drop_signature(folder: Path) -> None:
    """Labels swapped, sealed anew, and the signature deleted."""
    swap_labels_and_seal(folder)
    (folder / SIGNATURE).unlink()


DOWNGRADE = "an older edition put back"  # a sound, signed bundle: nothing is altered but which one stands there
TAMPERINGS: Mapping[str, Callable[[Path], None]] = {
    "a flipped bit": flip_bit,
    "truncation": truncate,
    "a swapped tokenizer": swap_tokenizer,
    "a swapped tokenizer, sealed anew": swap_tokenizer_and_seal,
    "swapped labels": swap_labels,
    "swapped labels, sealed anew": swap_labels_and_seal,
    "signed with another key": sign_with_own_key,
    "the edition raised": forge_edition,
    "the signature deleted": drop_signature,
    DOWNGRADE: lambda folder: None,
}


@dataclass(frozen=True)
class Outcome:
    """One tampering. `by_hashes` and `by_signature` are the reasons for which `Bundle.load` and `load_signed` refuse it; empty
    where they do not. `accuracy` is what the altered bundle makes of a split where it loads without a key."""

    kind: str
    by_hashes: str
    by_signature: str
    accuracy: Interval | None


def tampered_copy(bundle: Path, kind: str, to: Path) -> Path:
    """A copy of a signed bundle with one of TAMPERINGS; a `KeyError` says that there is no such one. What stands at `to` is
    replaced."""
    tamper = TAMPERINGS[kind]
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(bundle, to)
    tamper(to)
    return to


def try_tampering(
    bundle: Path, public_key: Path, folder: Path, split: Split, *, at_least: int, kinds: Sequence[str] = ()
) -> list[Outcome]:
    """Every tampering (or these kinds) of a signed bundle, made in `folder` and tried.

    Args:
        at_least: the edition that the device has seen. For DOWNGRADE it has seen the next one: the bundle is the older.
        split: what the accuracy of those that load is measured on.
    """
    outcomes = []
    for number, kind in enumerate(kinds or TAMPERINGS):
        made = tampered_copy(bundle, kind, folder / f"{number}")
        seen = at_least + (kind == DOWNGRADE)
        try:
            opened, by_hashes = Bundle.load(made), ""
            right = [p.label == label for p, label in zip(opened.predict_many(split.texts), split.labels, strict=True)]
            accuracy = accuracy_interval(np.array(right))
        except BundleError as error:
            by_hashes, accuracy = str(error), None
        outcomes.append(Outcome(kind, by_hashes, _refused(made, public_key, seen), accuracy))
    return outcomes


def _refused(folder: Path, public_key: Path, at_least: int) -> str:
    try:
        load_signed(folder, public_key, at_least=at_least)
    except BundleError as error:
        return str(error)
    return ""


def _manifest(folder: Path) -> dict:
    return json.loads((folder / "bundle.json").read_text("utf-8"))


def _change(file: Path, change: Callable[[bytes], bytes]) -> None:
    file.write_bytes(change(file.read_bytes()))


def _with_other_bit(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
