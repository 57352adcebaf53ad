"""The deployable folder: `model.onnx`, `tokenizer.json`, `bundle.json`. Inference needs onnxruntime, tokenizers
and numpy alone."""

import hashlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgelab.measurement import Interval, accuracy_interval
from edgelab.slots import Span, exact_match, slot_values, tag_names, tags_to_spans

FORMAT = 1
FILES = ("model.onnx", "tokenizer.json")


class BundleError(ValueError):
    """A folder that is not a sound bundle; the message says which file and what was expected."""


@dataclass(frozen=True)
class Prediction:
    """One answered request. `latency_ms` runs from text in to label and slots out, tokenizer included; `intent` are
    the logits [labels] that decided."""

    text: str
    label: str
    slots: dict[str, list[str]]
    latency_ms: float
    spans: tuple[Span, ...]
    intent: np.ndarray = field(repr=False, compare=False)

    @property
    def confidence(self) -> float:
        """The probability of the label: the largest of the softmax."""
        return float(1 / np.exp(self.intent - self.intent.max()).sum())


@dataclass(frozen=True)
class Evaluation:
    """`per_label` holds (right, total); `unknown_labels` counts examples whose label the bundle never learned:
    they count as wrong. `correct` and `confidence` keep each example's outcome, for comparisons in pairs."""

    accuracy: Interval
    per_label: dict[str, tuple[int, int]]
    slot_exact_match: Interval | None
    unknown_labels: dict[str, int]
    correct: np.ndarray
    confidence: np.ndarray


class Bundle:
    """A loaded bundle: one ONNX Runtime session and its tokenizer, with a shorter way for plain texts where the
    tokenizer is BERT's."""

    def __init__(self, folder: Path, manifest: dict, threads: int):
        from tokenizers import Tokenizer

        from edgelab.graph import cpu_session, takes_mask
        from edgelab.wordpiece import WordPiece

        self.folder, self.manifest = folder, manifest
        self.labels: tuple[str, ...] = tuple(manifest["labels"])
        try:
            self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self.session = cpu_session(folder / "model.onnx", threads=threads)
            self._masked = takes_mask(self.session)
            # The tokenizer's last token has an embedding only if the two files belong together.
            intent, slots = self.run([self.tokenizer.get_vocab_size() - 1])
        except ImportError:  # a library that is missing is no fault of the bundle
            raise
        except Exception as error:  # both libraries raise classes of their own
            raise BundleError(f"{folder}: model and tokenizer do not work: {' '.join(str(error).split())}") from None
        self.tags: list[str] = tag_names([] if slots is None else manifest["slot_names"])
        found = (len(intent), 1 if slots is None else slots.shape[1])
        if found != (len(self.labels), len(self.tags)):
            raise BundleError(
                f"{folder}: bundle.json has {len(self.labels)} labels and {len(self.tags)} slot tags, "
                f"model.onnx answers with {found[0]} and {found[1]}"
            )
        self._allowed = allowed_tags(self.labels, self.tags, manifest["label_slots"])
        try:
            self._plain: WordPiece | None = WordPiece(self.tokenizer)
        except ValueError:  # another tokenizer than the course's
            self._plain = None

    @classmethod
    def load(cls, folder: str | Path, *, threads: int = 1) -> "Bundle":
        """Verify the folder against its manifest and open it.

        Raises:
            BundleError: a file is missing, altered or truncated, the format is newer than this program's, or the
                files do not belong together.
        """
        folder = Path(folder)
        return cls(folder, read_manifest(folder), threads)

    @property
    def size_bytes(self) -> int:
        return sum(f.stat().st_size for f in self.folder.iterdir())

    def encode(self, text: str):
        """The text's `ids`, `word_ids` and `offsets`: a `wordpiece.Tokens` if it is plain, else the library's."""
        if self._plain and self._plain.accepts(text):
            return self._plain.encode(text)
        return self.tokenizer.encode(text)

    def token_ids(self, text: str) -> list[int]:
        """`encode(text).ids`, sooner."""
        if self._plain and self._plain.accepts(text):
            return self._plain.ids(text)
        return self.tokenizer.encode(text).ids

    def logits(self, text: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Intent logits [labels] and slot logits [tokens, tags] of one text (None without a slot head)."""
        return self.run(self.token_ids(text))

    def run(self, token_ids: list[int]) -> tuple[np.ndarray, np.ndarray | None]:
        """`logits` of a text that is tokenized already."""
        ids = np.array([token_ids], dtype=np.int64)
        feed = {"ids": ids, "mask": np.ones_like(ids)} if self._masked else {"ids": ids}
        outputs = self.session.run(None, feed)
        return outputs[0][0], outputs[1][0] if len(outputs) > 1 else None

    def predict(self, text: str) -> Prediction:
        start = time.perf_counter_ns()
        spans: tuple[Span, ...] = ()
        if len(self.tags) == 1:
            intent, _ = self.logits(text)
            best = int(intent.argmax())
        else:
            tokens = self.encode(text)
            intent, slots = self.run(tokens.ids)
            best = int(intent.argmax())
            tag_ids = np.where(self._allowed[best], slots, -np.inf).argmax(1)
            spans = tags_to_spans(tag_ids, tokens.word_ids, tokens.offsets, self.tags)
        values = slot_values(text, spans)
        latency_ms = (time.perf_counter_ns() - start) / 1e6
        return Prediction(text, self.labels[best], values, latency_ms, spans, intent)


def evaluate(bundle: Bundle, split) -> Evaluation:
    """Accuracy, per label, and slot exact match (every slot and value right, label or not) on a `dataset.Split`."""
    predictions = [bundle.predict(text) for text in split.texts]
    correct = np.array([p.label == label for p, label in zip(predictions, split.labels, strict=True)])
    per_label, unknown = {}, {}
    for label in sorted(set(split.labels)):
        of_label = np.array([other == label for other in split.labels])
        per_label[label] = (int(correct[of_label].sum()), int(of_label.sum()))
        if label not in bundle.labels:
            unknown[label] = int(of_label.sum())
    slots = None
    if split.spans is not None and len(bundle.tags) > 1:
        triples = zip(split.texts, predictions, split.spans, strict=True)
        slots = accuracy_interval(np.array([exact_match(t, p.spans, gold) for t, p, gold in triples]))
    confidence = np.array([p.confidence for p in predictions])
    return Evaluation(accuracy_interval(correct), per_label, slots, unknown, correct, confidence)


def allowed_tags(labels: tuple[str, ...], tags: list[str], label_slots: dict[str, list[str]]) -> np.ndarray:
    """Which tags a label may carry, bool [labels, tags]: `O` and those of the slots seen with it in training."""
    allowed = np.zeros((len(labels), len(tags)), dtype=bool)
    for row, label in enumerate(labels):
        allowed[row] = [tag == "O" or tag[2:] in label_slots.get(label, []) for tag in tags]
    return allowed


def label_slots(split) -> dict[str, list[str]]:
    """The slots that occur with each label in a `dataset.Split`, sorted; labels without any are left out."""
    seen: dict[str, set[str]] = {label: set() for label in sorted(set(split.labels))}
    for label, spans in zip(split.labels, split.spans or [()] * len(split), strict=True):
        seen[label].update(span.name for span in spans)
    return {label: sorted(names) for label, names in seen.items() if names}


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
