"""Bundles of a few hundred bytes, whole or with one thing wrong: each word votes for a label and marks a slot."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from edgelab.bundle.manifest import manifest_sha256

LABELS, SLOT_NAMES = ("ask_cloud", "play_music", "set_alarm"), ("artist", "time")
WORDS = ("[UNK]", "why", "play", "queen", "wake", "seven")
VOTES = np.array([[0, 0, 0], [8, 0, 0], [0, 8, 0], [0, 4, 0], [0, 0, 8], [0, 0, 4]], np.float32)  # [words, labels]
TAGS = np.zeros((6, 5), np.float32)  # [words, O B-artist I-artist B-time I-time]
TAGS[[0, 1, 2, 4], 0], TAGS[3, 1], TAGS[5, 3] = 8, 8, 8
GATHERED = (
    helper.make_node("Gather", ["votes", "ids"], ["of_each"]),
    helper.make_node("ReduceSum", ["of_each", "axis"], ["intent"], keepdims=0),
    helper.make_node("Gather", ["tags", "ids"], ["slots"]),
)
INTENT = ("intent", TensorProto.FLOAT, ["batch", 3])
SLOTS = ("slots", TensorProto.FLOAT, ["batch", "tokens", 5])


def model(*, nodes=GATHERED, inputs=("ids", "mask"), input_type=TensorProto.INT64, outputs=(INTENT, SLOTS), **weights):
    """The model, or one with other nodes, inputs, outputs or weights."""
    constants = {"votes": VOTES, "tags": TAGS, "axis": np.array([1])} | weights
    graph = helper.make_graph(
        list(nodes),
        "votes",
        [helper.make_tensor_value_info(name, input_type, ["batch", "tokens"]) for name in inputs],
        [helper.make_tensor_value_info(*output) for output in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def answering(*nodes, of=INTENT, to="before"):
    """The model with nodes that make another answer of one of its two: they read `before`."""
    made = [helper.make_node(n.op_type, n.input, [to if o == of[0] else o for o in n.output]) for n in GATHERED]
    made[1].attribute.append(helper.make_attribute("keepdims", 0))
    outputs = [of if output[0] == of[0] else output for output in (INTENT, SLOTS)]
    return model(nodes=(*made, *nodes), outputs=outputs)


def tokenizer(words=WORDS, **ids: int) -> Tokenizer:
    """The tokenizer, or one with other words or other numbers for them."""
    plain = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)} | ids, "[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    return plain


def small_bundle(folder: Path, *, made=None, words: Tokenizer | str | bytes | None = None, **entries) -> Path:
    """A bundle's folder; `entries` of its manifest are others (None takes one out), and it is sealed as a program does.
    `words` in bytes are a packed vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    made = model() if made is None else made
    (folder / "model.onnx").write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    written = "vocabulary.zlib" if isinstance(words, bytes) else "tokenizer.json"
    spelt = words if isinstance(words, str | bytes) else (words or tokenizer()).to_str()
    (folder / written).write_bytes(spelt.encode() if isinstance(spelt, str) else spelt)
    origin = {"name": "small", "fingerprint": "0" * 64, "examples": 3}
    manifest = {
        "format": 1,
        "model": "votes",
        "labels": list(LABELS),
        "slot_names": list(SLOT_NAMES),
        "label_slots": {"play_music": ["artist"], "set_alarm": ["time"]},
        "thresholds": {},
        "trained_on": origin,
        "metrics": {"validation_accuracy": [0.9, 0.8, 1]},
        "versions": {"onnx": onnx.__version__},
        "sha256": {name: sha256(folder / name) for name in ("model.onnx", written)},
    } | entries
    manifest = {key: value for key, value in manifest.items() if value is not None}
    if "manifest_sha256" not in manifest:
        manifest["manifest_sha256"] = manifest_sha256(manifest)
    (folder / "bundle.json").write_text(json.dumps(manifest))
    return folder


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def contents(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a folder."""
    return {file.name: sha256(file) for file in folder.iterdir()}
