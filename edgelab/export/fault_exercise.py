"""The faults to find in `03_export`: four files that were made from one student, each right for one request of seven tokens.

Three of them hold a size or a request of the example that they were exported with.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.bundle.session import cpu_session
from edgelab.course.exercises import Mistake

if TYPE_CHECKING:
    import pandas as pd
    from onnx import GraphProto

CAUSES = (
    "nothing: it is right",
    "one request was burned in",
    "a length of seven tokens was burned in",
    "the mask is not looked at",
    "the weights are another model's",
    "it computes in 16 bits",
)
FIRST_IDS = 100  # token ids that every vocabulary has
EXPORT_FAULT = {"north": CAUSES[2], "east": CAUSES[0], "south": CAUSES[1], "west": CAUSES[3]}


# --- the files -------------------------------------------------------------------------------------


def _constant(graph: "GraphProto", name: str, value: Any, kind: Any) -> str:
    from onnx import numpy_helper

    graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=kind), name))
    return name


def _one_request(graph: "GraphProto") -> None:
    """The first request's answer for all of them."""
    from onnx import helper

    for node in graph.node:
        node.output[:] = ["intent_all" if name == "intent" else name for name in node.output]
    zero, one = _constant(graph, "at_0", [0], np.int64), _constant(graph, "at_1", [1], np.int64)
    graph.node.extend(
        [
            helper.make_node("Slice", ["intent_all", zero, one, zero], ["intent_first"]),
            helper.make_node("Shape", ["intent_all"], ["intent_sizes"]),
            helper.make_node("Expand", ["intent_first", "intent_sizes"], ["intent"]),
        ]
    )


def _seven_tokens(graph: "GraphProto") -> None:
    """The mean divides by the example's length."""
    (mean,) = (node for node in graph.node if node.op_type == "Div")
    mean.input[1] = _constant(graph, "seven", 7.0, np.float32)


def _no_mask(graph: "GraphProto") -> None:
    """Every token counts as real."""
    from onnx import helper

    for node in graph.node:
        node.input[:] = ["mask_ones" if name == "mask" else name for name in node.input]
    zero, one = _constant(graph, "zero", 0, np.int64), _constant(graph, "one", 1, np.int64)
    first = [
        helper.make_node("Mul", ["mask", zero], ["mask_zeros"]),
        helper.make_node("Add", ["mask_zeros", one], ["mask_ones"]),
    ]
    nodes = [*first, *graph.node]
    graph.ClearField("node")
    graph.node.extend(nodes)


_MADE: dict[str, Callable[["GraphProto"], None]] = {
    CAUSES[0]: lambda graph: None,
    CAUSES[1]: _one_request,
    CAUSES[2]: _seven_tokens,
    CAUSES[3]: _no_mask,
}


def handed_over(student: Path, folder: Path) -> dict[str, Path]:
    """The four files, made from a convolution's and written into the folder."""
    import onnx

    files = {}
    for name, cause in EXPORT_FAULT.items():
        model = onnx.load(student)
        _MADE[cause](model.graph)
        onnx.checker.check_model(model, full_check=True)
        files[name] = folder / f"{name}.onnx"
        onnx.save(model, files[name])
    return files


def ask_all(
    files: dict[str, Path],
    student: Path,
    agreement: Callable[..., Any],
    *,
    requests: int = 1,
    tokens: int = 7,
    padding: int = 0,
) -> "pd.DataFrame":
    """Each file beside the student it is said to be, asked the same: so many requests of so many tokens, the last `padding`
    of which are not real. What `agreement` says of their logits.

    Raises:
        ValueError: there would be no real token, or no request.
    """
    import pandas as pd

    if requests < 1 or not 0 <= padding < tokens:
        raise ValueError("expected at least one request, and less padding than tokens")
    rng = np.random.default_rng([requests, tokens, padding])
    mask = np.ones((requests, tokens), dtype=np.int64)
    mask[:, tokens - padding :] = 0
    feed = {"ids": rng.integers(5, FIRST_IDS, mask.shape) * mask, "mask": mask}
    expected, rows = cpu_session(student).run(["intent"], feed)[0], dict[str, dict]()
    for name, file in files.items():
        largest, same = agreement(cpu_session(file).run(["intent"], feed)[0], expected)
        rows[name] = {"requests": requests, "tokens": tokens, "of these padding": padding}
        rows[name] |= {"largest difference": f"{largest:.1g}", "same label": f"{same:.0%}"}
    return pd.DataFrame(rows).T


# --- the explanation -------------------------------------------------------------------------------


def judge_fault(fault: dict) -> list[str]:
    """What is not right about an explanation."""
    if set(fault) != set(EXPORT_FAULT):
        return [f"expected the entries {', '.join(EXPORT_FAULT)}"]
    for name in EXPORT_FAULT:
        if fault[name] not in CAUSES:
            return [f"{name}: expected one of the causes listed, word for word"]
    return [f"{name}: not {fault[name]!r}" for name, right in EXPORT_FAULT.items() if fault[name] != right]


def _with(**changes: int) -> dict:
    return EXPORT_FAULT | {name: CAUSES[number] for name, number in changes.items()}


MISTAKES = (
    Mistake(
        "all are right",
        dict.fromkeys(EXPORT_FAULT, CAUSES[0]),
        "one request of seven tokens is what they were exported with: ask several at once, other lengths, padded ones.",
    ),
    Mistake(
        "the length taken for the mask",
        _with(north=3),
        "ask north with more tokens and NO padding: can a mask be the reason then?",
    ),
    Mistake(
        "the mask taken for the length",
        _with(west=2),
        "ask west with twelve real tokens: is it wrong? And with seven, two of them padding?",
    ),
    Mistake(
        "both exchanged",
        _with(north=3, west=2),
        "a burned-in length shows without any padding, a missing mask only with it. Ask both, one at a time.",
    ),
    Mistake(
        "south is right",
        _with(south=0),
        "ask south two requests at once, then four: which share of the labels is right each time?",
    ),
    Mistake(
        "east is wrong",
        _with(east=1),
        "one of them stays right however it is asked: several at once, long ones, padded ones.",
    ),
    Mistake(
        "north is right",
        _with(north=0),
        "ask north for another number of tokens than seven.",
    ),
    Mistake(
        "west is right",
        _with(west=0),
        "ask west for requests of which some tokens are padding.",
    ),
    Mistake(
        "other weights",
        _with(south=4),
        "other weights would answer even the first request differently.",
    ),
    Mistake(
        "16 bits",
        _with(north=5),
        "16 bits would differ a little everywhere, at seven tokens as well; this file is exact there.",
    ),
)
