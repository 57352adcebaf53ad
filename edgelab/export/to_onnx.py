"""One ONNX file from a trained model, and proof that it computes the same."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from edgelab.bundle.session import cpu_session, takes_mask


class ExportError(RuntimeError):
    """The exported file does not compute what the model computes."""


@dataclass(frozen=True)
class Parity:
    """The largest absolute difference of any output between a `reference` and the file, over the shapes tried."""

    largest_difference: float
    shapes: tuple[tuple[int, ...], ...]
    reference: str = "torch"


UNSEEN = ((1, 3), (1, 19), (3, 11), (5, 64))  # batches and lengths that the export never saw


def export_onnx(
    model: nn.Module, path: Path, vocabulary: int, *, one_request: bool = False, tolerance: float = 1e-4
) -> Parity:
    """Write `model` to `path` with dynamic batch and length, then compare it with torch on shapes unseen at export.

    Inputs `ids` and `mask`, int64 [batch, tokens]; outputs `intent` [batch, labels] and, where the model has a
    slot head, `slots` [batch, tokens, tags]. With `one_request` the batch is 1 for ever and nothing is padded, so
    there is no `mask`: fewer nodes for a device that answers one request at a time.

    Raises:
        ExportError: an output differs by more than `tolerance`, in units of a logit, or has another shape, or a batch
            or length is refused. No file is left behind.
    """
    model = model.eval()
    # A batch of 1 is taken for a constant: export with 2, unless that is what is wanted.
    ids, mask = _random_inputs(vocabulary, (1 if one_request else 2, 7), np.random.default_rng(0))
    example = (ids,) if one_request else (ids, mask)
    with torch.inference_mode():
        names = ["intent", "slots"][: len(model(*example))]
    open_sizes = {1: torch.export.Dim("tokens")} | ({} if one_request else {0: torch.export.Dim("batch")})
    inputs = ["ids", "mask"][: len(example)]
    try:
        write_graph(model, example, path, inputs, names, {name: open_sizes for name in inputs})
        shapes = tuple(shape for shape in UNSEEN if shape[0] == 1 or not one_request)
        parity = check_parity(model, path, vocabulary, shapes=shapes)
        if not parity.largest_difference <= tolerance:
            raise ExportError(
                f"{path.name}: differs from torch by {parity.largest_difference:.2g} "
                f"(at most {tolerance:.2g} expected); look for an operator whose result depends on the exported shape"
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return parity


def write_graph(
    model: nn.Module, example: tuple, path: Path, inputs: list[str], outputs: list[str], dynamic_shapes: dict
) -> None:
    """The torch exporter without its messages and notes: the graph of `model(*example)`, its inputs and outputs by these
    names, into one file. `dynamic_shapes` as `torch.export` takes them."""
    import logging
    import warnings

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            example,
            str(path),
            dynamo=True,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=dynamic_shapes,
            external_data=False,
            verbose=False,
        )
    _forget_the_source(path)


def _forget_the_source(path: Path) -> None:
    """Drop the exporter's notes: they name folders of the machine that exported, and take room on every other."""
    import onnx

    exported = onnx.load(path)
    graph = exported.graph
    for noted in (exported, graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        noted.ClearField("metadata_props")
        noted.ClearField("doc_string")
    onnx.save(exported, path)


def check_parity(
    model: nn.Module, path: Path, vocabulary: int, *, shapes: tuple[tuple[int, int], ...] = UNSEEN, padding: int = 0
) -> Parity:
    """Largest difference between torch and ONNX Runtime on random ids of these (batch, tokens).

    `padding` tokens end the first row of each batch, one more each row after it.

    Raises:
        ExportError: the file refuses one of the shapes, or answers it in another shape than torch.
    """
    session = cpu_session(path)
    masked = takes_mask(session)
    generator = np.random.default_rng(1)
    largest = 0.0
    for shape in shapes:
        ids, mask = _random_inputs(vocabulary, shape, generator, padding)
        where = f"{path.name}: a batch of {shape[0]} with {shape[1]} tokens"
        try:
            got = session.run(None, {"ids": ids.numpy(), "mask": mask.numpy()} if masked else {"ids": ids.numpy()})
        except Exception as error:  # ONNX Runtime's own share no base class
            raise ExportError(f"{where} is refused; export with open dimensions ({error})") from None
        with torch.inference_mode():
            expected = model(ids, mask)
        for ours, theirs in zip(got, expected, strict=True):
            if ours.shape != tuple(theirs.shape):
                raise ExportError(
                    f"{where} gets an answer of shape {ours.shape}, torch's is {tuple(theirs.shape)}; "
                    "look for Python code that asks for a size: export keeps one answer"
                )
            # A padded token has no slot logits worth comparing.
            keep = mask.bool().numpy() if ours.ndim == 3 else slice(None)
            difference = np.abs(ours[keep] - theirs.numpy()[keep]).max()
            largest = float(np.maximum(largest, difference))  # not `max`: a NaN must show
    return Parity(largest, shapes)


def _random_inputs(
    vocabulary: int, shape: tuple[int, int], generator: np.random.Generator, padding: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random ids and a mask in which row `i` ends in `padding + i` tokens of padding, as far as two tokens stay."""
    ids = torch.as_tensor(generator.integers(5, vocabulary, shape))
    mask = torch.ones(shape, dtype=torch.long)
    for row in range(shape[0]):
        mask[row, max(2, shape[1] - padding - row) :] = 0
    return ids * mask, mask
