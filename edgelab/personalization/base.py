"""The base that people's adapters are learned on: the pretrained encoder tuned in its upper layers alone, and its bundles
at several precisions."""

import functools
import hashlib
from dataclasses import replace
from pathlib import Path

from edgelab.bundle.answers import save_measured
from edgelab.datasets.dataset import Dataset, Split, joined
from edgelab.models.storage import store
from edgelab.models.trained import Trained
from edgelab.quantization.conversion import RECIPES
from edgelab.workspace import build_once

TUNED = 3  # layers, of six: what lies below is shared by the base's branch and the people's


def adaptable_base(
    dataset: Dataset, *, more: Split | None = None, tuned: int = TUNED, epochs: float = 3.0, batch_size: int = 32
) -> Trained:
    """The pretrained encoder, its upper `tuned` layers fine-tuned with intent and slot heads, the others left alone.

    Fine-tuning makes an encoder forget what its task does not need; a person's own commands need some of that. Of the
    layers above the untouched ones a pretrained copy can stand beside the tuned ones (`adaptable.Branched`).

    Args:
        more: further examples, such as those of `dataset.train` with other values in their slots, as the teacher has them.
    """
    dataset = dataset.labelled
    examples = dataset.train if more is None else joined([dataset.train, more])
    inputs = {
        "data": replace(dataset, train=examples).fingerprint,
        "tuned": tuned,
        "epochs": epochs,
        "batch_size": batch_size,
    }

    def build(folder: Path) -> None:
        from edgelab.models.networks import build_teacher
        from edgelab.models.tokens import encode_labelled, load_tokenizer
        from edgelab.models.training import Recipe, hard_loss, train

        tokenizer = load_tokenizer()
        encoded = encode_labelled(tokenizer, dataset, examples)
        model = build_teacher(len(dataset.labels), 1 + 2 * len(dataset.slot_names), seed=0)
        model.encoder.embeddings.requires_grad_(False)
        model.encoder.encoder.layer[:-tuned].requires_grad_(False)
        recipe = Recipe(lr=4e-4, head_lr=2e-2, batch_size=batch_size, epochs=epochs)
        loss = functools.partial(hard_loss, slot_weight=2.0)
        store(folder, train(model, encoded, loss, recipe, seed=0, title="adaptable base"), tokenizer)

    artifact = build_once("adaptable-base", build, inputs=inputs)
    return Trained("adaptable base", artifact, None, dataset, vocabulary=30522)


def fingerprint(base: Trained) -> str:
    """SHA-256 of a base's weights and tokenizer: what an adapter's numbers mean something with."""
    digest = hashlib.sha256()
    for name in ("model.safetensors", "tokenizer.json"):
        digest.update((base.artifact.path / name).read_bytes())
    return digest.hexdigest()


def adaptable_bundle(base: Trained, precision: str = "fp32", *, rank: int = 4) -> Path:
    """The deployable folder of a trained model that takes adapters of that rank: exported with LoRA's matrices as inputs,
    converted by one of quantization's RECIPES, and only then given their values, zero; measured on validation. In fp32 it
    is compared with torch.

    Raises:
        KeyError: there is no such recipe.
    """
    if precision not in RECIPES:
        raise KeyError(precision)

    def build(folder: Path) -> None:
        import torch

        from edgelab.export.to_onnx import check_parity
        from edgelab.personalization.adaptable import adaptable, close_inputs, write_adaptable

        torch.manual_seed(0)
        model = adaptable(base, rank).eval()
        exported, converted, closed = (folder / f"{name}.onnx" for name in ("exported", "converted", "closed"))
        write_adaptable(model, exported, base.vocabulary)
        RECIPES[precision](exported, converted, base)
        close_inputs(converted, closed, {name: value.detach().numpy() for name, value in model.adapter().items()})
        if precision == "fp32":
            check_parity(model, closed, base.vocabulary)
        parts = (folder / "bundle", closed, base.tokenizer())
        save_measured(*parts, dataset=base.dataset, model=f"{base.name} {precision}", adapts=fingerprint(base))
        for file in (exported, converted, closed):
            file.unlink()

    inputs = {"model": base.artifact.path.name, "data": base.dataset.name, "precision": precision, "rank": rank}
    return build_once("adaptable-bundle", build, inputs=inputs).path / "bundle"
