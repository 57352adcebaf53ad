"""An ONNX file rewritten until a phone's accelerator takes it in one piece; and proof that it answers the same.

How many nodes an accelerator takes is an estimate: ONNX Runtime's lists of operators, and the conditions of
`export.conditions`. No phone was asked, and taken is not fast.
"""

import copy
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.bundle.session import cpu_session, takes_mask
from edgelab.export import rewrites
from edgelab.export.graph import GraphError, fix_shapes, optimize
from edgelab.export.placement import TARGETS, Left, Placement, estimate, with_shapes

if TYPE_CHECKING:
    import pandas as pd
    from onnx import ModelProto


@dataclass(frozen=True)
class Step:
    """One rewriting, and which accelerator's lack it is for."""

    name: str
    rewrite: "Callable[[ModelProto], ModelProto]"
    why: str


STEPS = (
    Step(
        "mask in float32", rewrites.mask_in_float, "accelerators compute with float32, not with whole numbers and bits"
    ),
    Step("ids as int32", rewrites.ids_as_int32, "NNAPI looks up by int32 alone"),
    Step("padding by Concat", rewrites.pad_by_concat, "ML Program has no Pad, NeuralNetwork one that wants a value"),
    Step("GELU by tanh", rewrites.gelu_by_tanh, "NNAPI and NeuralNetwork have neither Gelu nor Erf"),
    Step("LayerNorm by products", rewrites.layer_norm_by_products, "NNAPI and NeuralNetwork have none"),
    Step("reductions by pooling", rewrites.reduction_by_pool, "all three pool pictures; NNAPI sums and picks nothing"),
    Step("Unsqueeze by Reshape", rewrites.unsqueeze_by_reshape, "NeuralNetwork has no Unsqueeze"),
    Step(
        "products in two dimensions", rewrites.products_in_two_dimensions, "a constant matrix meets rows, not a batch"
    ),
)


@dataclass(frozen=True)
class State:
    """The graph after a step: what each target takes of it by ONNX Runtime's lists (`listed`), what it takes with the
    conditions looked at, too (`checked`), and which nodes are left to the CPU then, and why. `helped`: it was kept."""

    step: str
    why: str
    helped: bool
    listed: dict[str, Placement]
    checked: dict[str, Placement]
    left: dict[str, tuple[Left, ...]]


@dataclass(frozen=True)
class Repair:
    """`states` begin with the file as it came; a step that did not help is among them, and not in the file."""

    target: str
    tokens: int
    file: Path
    states: tuple[State, ...]

    @property
    def before(self) -> State:
        """The file as it came."""
        return self.states[0]

    @property
    def after(self) -> State:
        """The file as it was written."""
        return [state for state in self.states if state.helped][-1]

    @property
    def not_repaired(self) -> dict[tuple[str, str], int]:
        """(operator, why) of the nodes that the target still leaves to the CPU: how many."""
        return dict(Counter((node.operator, node.why) for node in self.after.left[self.target]))


def repair(file: Path, out: Path, *, target: str, tokens: int = 32, steps: Sequence[Step] = STEPS) -> Repair:
    """Fix the shapes to one request of `tokens`, fold what becomes constant, then try each step: it is kept where the
    target then leaves fewer nodes to the CPU, or as many of a shorter graph. Written to `out`, which takes shorter requests padded, and none longer.

    Raises:
        GraphError: the file is fixed to another shape already, there is no such target, or a rewriting does not fit it.
    """
    import onnx

    if target not in TARGETS:
        raise GraphError(f"{target}: expected one of {', '.join(TARGETS)}")
    shapes = f"1 x {tokens}"
    with tempfile.TemporaryDirectory() as folder:
        states = [_state("as it came", "", with_shapes(file), "as declared")]
        fixed = fix_shapes(file, Path(folder) / "fixed.onnx", batch=1, tokens=tokens)
        model = onnx.load(optimize(fixed, Path(folder) / "folded.onnx", level="enable_basic"))
    for field in [o for o in model.opset_import if o.domain not in {node.domain for node in model.graph.node} | {""}]:
        model.opset_import.remove(field)  # ONNX Runtime notes all that it knows
    states.append(
        _state(f"shapes fixed to {shapes}", "unknown sizes stay on the CPU", rewrites.inferred(model), shapes)
    )
    for step in steps:
        tried = step.rewrite(model)
        state = _state(step.name, step.why, rewrites.inferred(tried), shapes)
        kept = next(s for s in reversed(states) if s.helped)
        helped = _cost(state, target) < _cost(kept, target)
        states.append(replace(state, helped=helped))
        model = tried if helped else model
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, out)
    return Repair(target, tokens, out, tuple(states))


def _state(step: str, why: str, model: "ModelProto", shapes: str) -> State:
    """Of a model with inferred shapes."""
    listed = {target: estimate(model, target, shapes, conditions=False)[0] for target in TARGETS}
    checked = {target: estimate(model, target, shapes, conditions=True) for target in TARGETS}
    placements = {target: placement for target, (placement, _) in checked.items()}
    return State(step, why, True, listed, placements, {target: left for target, (_, left) in checked.items()})


def _cost(state: State, target: str) -> tuple[int, int]:
    """Nodes left to the CPU; where as many are, nodes at all."""
    return len(state.left[target]), state.checked[target].nodes


def table(repaired: Repair) -> "pd.DataFrame":
    """The repair to read, a line a step: for its target, what ONNX Runtime's checker says, and what is left of that once
    the conditions are looked at."""
    import pandas as pd

    rows = []
    for state in repaired.states:
        listed, checked = state.listed[repaired.target], state.checked[repaired.target]
        rows.append(
            {
                "step": state.step,
                "since": state.why,
                "kept": "yes" if state.helped else "no, it helps nothing here",
                "by its list": f"{listed.taken} of {listed.nodes}",
                "partitions": listed.partitions,
                "with conditions": f"{checked.taken} of {checked.nodes}",
                "partitions then": checked.partitions,
                "usable then": checked.verdict,
            }
        )
    return pd.DataFrame(rows)


# --- does it answer the same? -------------------------------------------------------------------


class PaddedSession:
    """A file of fixed shape, run as an `onnxruntime.InferenceSession` of open shapes is: each request is padded to its
    length, and the answer cut back to the request's.

    Raises:
        GraphError: the file's sizes are open, or it has no `mask` to tell padding by.
    """

    TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}

    def __init__(self, file: Path) -> None:
        self._session = cpu_session(file)
        self._types = {value.name: self.TYPES[value.type] for value in self._session.get_inputs()}
        self.tokens = self._session.get_inputs()[0].shape[1]
        if not isinstance(self.tokens, int) or not takes_mask(self._session):
            raise GraphError(f"{file}: expected a fixed number of tokens and an input `mask`")

    def run(self, names: list[str] | None, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs of these names, all of them for None.

        Raises:
            GraphError: a request is too long.
        """
        length = feeds["ids"].shape[1]
        if length > self.tokens:
            raise GraphError(f"a request of {length} tokens: expected at most {self.tokens}")
        answers = []
        for row in range(len(feeds["ids"])):
            padded = {name: np.zeros((1, self.tokens), kind) for name, kind in self._types.items()}
            for name, given in feeds.items():
                padded[name][0, :length] = given[row]
            answers.append(self._session.run(names, padded))
        joined = [np.concatenate(outputs) for outputs in zip(*answers, strict=True)]
        return [output[:, :length] if output.ndim == 3 else output for output in joined]


def in_shape(bundle: Bundle, file: Path) -> Bundle:
    """The same bundle, answered by a repaired file of its model."""
    other = copy.copy(bundle)
    other.session = PaddedSession(file)
    return other


@dataclass(frozen=True)
class Answers:
    """A repaired file beside its bundle: over `texts` that fit it (`too_long` did not), the largest difference of any
    logit, the largest logit, and the share of texts with the same label, and with the same call."""

    texts: int
    too_long: int
    largest_difference: float
    largest_logit: float
    same_labels: float
    same_calls: float


def compare_answers(bundle: Bundle, file: Path, texts: Sequence[str]) -> Answers:
    """Ask both for the same texts."""
    other = in_shape(bundle, file)
    fitting = [text for text in texts if len(bundle.token_ids(text)) <= other.session.tokens]
    pairs = [(bundle.predict(text), other.predict(text)) for text in fitting]
    difference = largest = 0.0
    for a, b in pairs:
        for ours, theirs in ((a.intent_logits, b.intent_logits), (a.slot_logits, b.slot_logits)):
            if ours is not None and theirs is not None:
                difference = float(np.maximum(difference, np.abs(ours - theirs).max()))
                largest = max(largest, float(np.abs(ours).max()))
    labels = float(np.mean([a.label == b.label for a, b in pairs]))
    calls = float(np.mean([(a.label, a.slots) == (b.label, b.slots) for a, b in pairs]))
    return Answers(len(fitting), len(texts) - len(fitting), difference, largest, labels, calls)


def logit_difference(original: Path, repaired: Path, rows: Sequence[Sequence[int]]) -> float:
    """The largest difference of any output between a file of open shapes and its repaired one, over rows of token ids:
    for a model that is no bundle yet."""
    theirs, ours, largest = cpu_session(original), PaddedSession(repaired), 0.0
    for row in rows:
        ids = np.array([row], dtype=np.int64)
        feed = {"ids": ids, "mask": np.ones_like(ids)}
        for a, b in zip(ours.run(None, feed), theirs.run(None, feed), strict=True):
            largest = float(np.maximum(largest, np.abs(a - b).max()))
    return largest


def bucket(lengths: Sequence[int], share: float = 1.0, step: int = 8) -> int:
    """The least multiple of `step` tokens that holds this share of requests of such lengths."""
    return int(-(-np.quantile(lengths, share, method="inverted_cdf") // step) * step)
