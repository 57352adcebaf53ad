"""The deployable folder on disk: `model.onnx`, `tokenizer.json`, `bundle.json`, written whole and verified."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from edgelab.datasets.dataset import label_slots
from edgelab.errors import UserError

FORMAT = 1
FILES = ("model.onnx", "tokenizer.json")


class BundleError(UserError):
    """A folder that is not a sound bundle; the message says which file and what was expected."""


def save(
    folder: Path,
    onnx_file: Path,
    tokenizer,
    *,
    dataset,
    model: str,
    metrics: dict,
    thresholds: dict[str, float] | None = None,
) -> Path:
    """Write a bundle into `folder`, whole or not at all. An existing bundle there is replaced, another folder is not.

    Args:
        tokenizer: a `tokenizers.Tokenizer`.
        dataset: the `dataset.Dataset` it was trained on: gives labels, slots and the fingerprint.
        metrics: name to [value, low, high].
        thresholds: score to the value from which on an answer may be kept, such as `{"confidence": 0.7}`.

    Raises:
        BundleError: something stands at `folder` that is neither empty nor a bundle alone.
    """
    from edgelab.workspace import versions

    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or strangers(folder)):
        raise BundleError(f"{folder}: expected an empty folder or a bundle, found other files; choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    former = scratch.with_name(f"{scratch.name}-former")
    try:
        shutil.copyfile(onnx_file, scratch / "model.onnx")
        tokenizer.save(str(scratch / "tokenizer.json"), pretty=False)
        manifest = {
            "format": FORMAT,
            "model": model,
            "labels": list(dataset.labels),
            "slot_names": list(dataset.slot_names),
            "label_slots": label_slots(dataset.train),
            "thresholds": thresholds or {},
            "trained_on": {"name": dataset.name, "fingerprint": dataset.fingerprint, "examples": len(dataset.train)},
            "metrics": metrics,
            "versions": versions(),
            "sha256": {name: _sha256(scratch / name) for name in FILES},
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


def strangers(folder: Path) -> list[str]:
    """What stands in a folder that should be empty or hold a bundle alone, sorted; hidden files are nobody's."""
    found = sorted(f.name for f in folder.iterdir() if f.name[0] != ".")
    own = [name for name in ("bundle.json", *FILES) if (folder / name).is_file()] if "bundle.json" in found else []
    return [name for name in found if name not in own]


def read_manifest(folder: Path) -> dict:
    """The verified `bundle.json` of a folder. Raises BundleError as `Bundle.load` does."""
    try:
        return _verified(folder)
    except OSError as error:
        raise BundleError(f"{error.filename or folder}: cannot be read: {error.strerror}") from None


def _verified(folder: Path) -> dict:
    file = folder / "bundle.json"
    if not file.is_file():
        raise BundleError(f"{folder}: expected a bundle, found no bundle.json in it")
    try:
        manifest = json.loads(file.read_text("utf-8"))
        found = manifest["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BundleError(f"{file}: expected a bundle's manifest, found something else") from None
    if found != FORMAT:
        newer = "; a newer EdgeLab wrote it: update this one" if isinstance(found, int) and found > FORMAT else ""
        raise BundleError(f"{file}: expected format {FORMAT}, found {found!r}{newer}")
    for key in ("labels", "slot_names", "label_slots", "sha256", "manifest_sha256"):
        if key not in manifest:
            raise BundleError(f"{file}: expected the key {key!r}, found none")
    if manifest["manifest_sha256"] != manifest_sha256(manifest):
        raise BundleError(f"{file}: does not match its own SHA-256: it was altered after it was written")
    for name in FILES:
        if not (folder / name).is_file():
            raise BundleError(f"{folder / name}: expected a file of the bundle, found none")
        if _sha256(folder / name) != manifest["sha256"].get(name):
            raise BundleError(f"{folder / name}: does not match the SHA-256 in bundle.json: altered or truncated")
    return manifest


def manifest_sha256(manifest: dict) -> str:
    """SHA-256 of a manifest's other entries as sorted JSON: shows a slip of the hand, not someone who signs anew."""
    content = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
