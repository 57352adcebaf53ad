"""The deployable folder on disk: `model.onnx`, a tokenizer, `bundle.json`, written whole and verified."""

import hashlib
import json
import os
import reprlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab.bundle.transitions import pack, transition_scores
from edgelab.bundle.vocabulary import pack_vocabulary
from edgelab.datasets.dataset import Dataset, label_slots
from edgelab.errors import UserError
from edgelab.workspace import versions

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FORMAT = 1
TOKENIZERS = (
    "vocabulary.zlib",
    "tokenizer.json",
)  # either: the first for BERT's (`bundle.vocabulary`), else the library's
SIGNATURE = "bundle.sig"  # where a bundle was signed (`bundle.signature`): no other file tells whether it must be
LARGEST_MB = 4  # of a manifest; one of a thousand labels has a tenth of a megabyte


class BundleError(UserError):
    """A folder that is not a sound bundle; the message says which file and what was expected."""


def is_text(value: object) -> bool:
    """Whether a value is a text that can be written: JSON may hold half a character."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def is_number(value: object) -> bool:
    """Whether a value is a finite number: JSON as Python reads it may hold NaN and whole numbers beyond what a float can
    be, and true is no number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_sha256(value: object) -> bool:
    """Whether a value is 64 hexadecimal digits, as hashlib writes them."""
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def are_names(value: object) -> bool:
    """Whether a value is a list of texts, none twice."""
    return isinstance(value, list) and all(is_text(name) for name in value) and len(set(value)) == len(value)


def is_interval(value: object) -> bool:
    """Whether a value is a list of three numbers: a value, the low and the high end of its interval."""
    return isinstance(value, list) and len(value) == 3 and all(is_number(number) for number in value)


def is_origin(value: object) -> bool:
    """Whether a value says which data set a model was trained on."""
    if not isinstance(value, dict):
        return False
    examples = value.get("examples")
    return is_text(value.get("name")) and is_text(value.get("fingerprint")) and type(examples) is int and examples >= 0


def are_all(value: object, fits: Callable[[object], bool]) -> bool:
    """Whether a value is an object whose names are texts and whose values all fit."""
    return isinstance(value, dict) and all(is_text(name) and fits(entry) for name, entry in value.items())


ENTRIES: dict[str, tuple[str, Callable[[Any], bool]]] = {  # what is expected of each, in words and as a test
    "model": ("a text", is_text),
    "labels": ("a list of texts, one or more, none twice", lambda v: are_names(v) and v != []),
    "slot_names": ("a list of texts, none twice", are_names),
    "label_slots": ("a list of slot names for each label", lambda v: are_all(v, are_names)),
    "transitions": ("a text in base64", is_text),
    "thresholds": ("a number for each score", lambda v: are_all(v, is_number)),
    "trained_on": ("a name, a fingerprint and a number of examples", is_origin),
    "metrics": ("three numbers for each: value, low, high", lambda v: are_all(v, is_interval)),
    "adapts": ("64 hexadecimal digits", is_sha256),
    "versions": ("a text for each library", lambda v: are_all(v, is_text)),
    "sha256": ("64 hexadecimal digits for each file", lambda v: are_all(v, is_sha256)),
    "manifest_sha256": ("64 hexadecimal digits", is_sha256),
}
# The first of models with a slot head (`bundle.transitions`), the second of those that take a person's adapter.
OPTIONAL = {"transitions", "adapts"}


def save(
    folder: Path,
    onnx_file: Path,
    tokenizer: "Tokenizer",
    *,
    dataset: Dataset,
    model: str,
    metrics: Mapping[str, Sequence[float]],
    thresholds: Mapping[str, float] | None = None,
    adapts: str | None = None,
) -> Path:
    """Write a bundle into `folder`, whole or not at all. An existing bundle there is replaced, another folder is not.

    Args:
        dataset: what the model was trained on: gives labels, slots, the fingerprint of what is labelled, and how many
            unlabelled texts there are, if any.
        metrics: name to [value, low, high].
        thresholds: score to the value from which on an answer may be kept, such as `{"confidence": 0.7}`.
        adapts: of a model that takes a person's adapter, the fingerprint of the weights that adapters are trained on.

    Raises:
        BundleError: something stands at `folder` that is neither empty nor a bundle alone.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or strangers(folder)):
        raise BundleError(f"{folder}: expected an empty folder or a bundle, found other files; choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    former = scratch.with_name(f"{scratch.name}-former")
    try:
        shutil.copyfile(onnx_file, scratch / "model.onnx")
        _write_tokenizer(scratch, tokenizer)
        manifest = {
            "format": FORMAT,
            "model": model,
            "labels": list(dataset.labels),
            "slot_names": list(dataset.slot_names),
            "label_slots": label_slots(dataset.train),
            **_transitions(dataset),
            "thresholds": dict(thresholds or {}),
            "trained_on": _origin(dataset),
            "metrics": dict(metrics),
            **({} if adapts is None else {"adapts": adapts}),
            "versions": versions(),
            "sha256": {file.name: _sha256(file) for file in sorted(scratch.iterdir())},
        }
        manifest["manifest_sha256"] = manifest_sha256(manifest)
        (scratch / "bundle.json").write_text(json.dumps(manifest, indent=1), "utf-8")
        os.chmod(scratch, 0o755)  # mkdtemp makes it private
        if folder.exists():  # set aside first, so that there is a whole bundle at every moment but one
            os.replace(folder, former)
        os.replace(scratch, folder)
    except BaseException:
        if former.exists() and not folder.exists():
            os.replace(former, folder)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
    return folder


def _write_tokenizer(folder: Path, tokenizer: "Tokenizer") -> None:
    packed = pack_vocabulary(tokenizer)
    if packed is None:
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    else:
        (folder / "vocabulary.zlib").write_bytes(packed)


def _transitions(dataset: Dataset) -> dict[str, str]:
    if not dataset.slot_names or dataset.train.spans is None:
        return {}
    return {"transitions": pack(transition_scores(dataset.train.texts, dataset.train.spans, dataset.slot_names))}


def _origin(dataset: Dataset) -> dict[str, object]:
    labelled = {"name": dataset.name, "fingerprint": dataset.labelled.fingerprint, "examples": len(dataset.train)}
    return labelled | ({"unlabelled": len(dataset.unlabelled)} if dataset.unlabelled else {})


def strangers(folder: Path) -> list[str]:
    """What stands in a folder that should be empty or hold a bundle alone, sorted; hidden files are nobody's."""
    found = sorted(f.name for f in folder.iterdir() if f.name[0] != ".")
    own = ("bundle.json", "model.onnx", *TOKENIZERS, SIGNATURE) if "bundle.json" in found else ()
    return [name for name in found if name not in own or not (folder / name).is_file()]


def read_manifest(folder: Path) -> dict[str, Any]:
    """The verified `bundle.json` of a folder.

    Raises:
        BundleError: a file is missing, altered or truncated, or the manifest is none, or of a newer program.
    """
    try:
        return _verified(folder)
    except OSError as error:
        raise BundleError(f"{error.filename or folder}: cannot be read: {error.strerror}") from None


def tokenizer_name(manifest: Mapping[str, Any]) -> str:
    """Which of `TOKENIZERS` a bundle has, by its manifest."""
    return next((name for name in TOKENIZERS if name in manifest["sha256"]), "tokenizer.json")


def _verified(folder: Path) -> dict[str, Any]:
    manifest = _parsed(folder)
    for name in ("model.onnx", tokenizer_name(manifest)):
        if not (folder / name).is_file():
            raise BundleError(f"{folder / name}: expected a file of the bundle, found none")
        if _sha256(folder / name) != manifest["sha256"].get(name):
            raise BundleError(f"{folder / name}: does not match the SHA-256 in bundle.json: altered or truncated")
    return manifest


def _parsed(folder: Path) -> dict[str, Any]:
    file = folder / "bundle.json"
    if not file.is_file():
        raise BundleError(f"{folder}: expected a bundle, found no bundle.json in it")
    if file.stat().st_size > LARGEST_MB * 1e6:
        raise BundleError(f"{file}: expected a manifest of at most {LARGEST_MB} MB, found {file.stat().st_size} bytes")
    try:
        manifest = json.loads(file.read_text("utf-8"))
        found, content_sha256 = manifest["format"], manifest_sha256(manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BundleError(f"{file}: expected a bundle's manifest, found something else") from None
    if type(found) is not int or found != FORMAT:
        newer = "; a newer EdgeLab wrote it: update this one" if isinstance(found, int) and found > FORMAT else ""
        raise BundleError(f"{file}: expected format {FORMAT}, found {reprlib.repr(found)}{newer}")
    _check_entries(file, manifest)
    if manifest["manifest_sha256"] != content_sha256:
        raise BundleError(f"{file}: does not match its own SHA-256: it was altered after it was written")
    return manifest


def _check_entries(file: Path, manifest: dict[str, Any]) -> None:
    for key, (expected, fits) in ENTRIES.items():
        if key not in manifest:
            if key in OPTIONAL:
                continue
            raise BundleError(f"{file}: expected the key {key!r}, found none")
        if not fits(manifest[key]):
            raise BundleError(f"{file}, {key}: expected {expected}, found {reprlib.repr(manifest[key])}")
    labels, slot_names = set(manifest["labels"]), set(manifest["slot_names"])
    for label, slots in manifest["label_slots"].items():  # a slot by another name would never be marked, unseen
        for unknown in [label] if label not in labels else sorted(set(slots) - slot_names):
            raise BundleError(
                f"{file}, label_slots: expected labels and slots that the bundle has, found {reprlib.repr(unknown)}"
            )


def manifest_sha256(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest's other entries as sorted JSON: shows a slip of the hand, not someone who signs anew."""
    content = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
