"""Students: how they are trained, distilled or not."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.distillation.targets import Targets, align, soft_loss, soft_targets
from edgelab.models.spec import Spec
from edgelab.models.storage import store
from edgelab.models.trained import Trained
from edgelab.workspace import build_once, plain

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from edgelab.models.tokens import Encoded
    from edgelab.models.training import Loss, NextRows


UNLABELLED_SHARE = 0.25  # of what a student draws, where it is given unlabelled texts


@dataclass(frozen=True)
class StudentPlan:
    """How a student is trained.

    `augmented` sentences are made from the training texts and labelled by the teacher; `unlabelled_share` of what is
    drawn are unlabelled texts, if there are any, and `real_share` of all else real ones; `masked` is the share of the
    student's tokens hidden behind [MASK] while the target stays; with `bits` the last 40 % of the steps are
    quantization-aware, and the weights end on that grid.
    """

    lr: float
    steps: int
    batch_size: int = 128
    temperature: float = 1.0
    augmented: int = 0
    real_share: float = 0.3
    masked: float = 0.15
    head_lr: float = 8e-3  # for the fresh heads on pretrained layers: only a transformer has both
    bits: int | None = None
    variations_from: int | None = None  # tokens that variations are made of; None: those that the student keeps
    unlabelled_share: float = UNLABELLED_SHARE
    slot_weight: float = 4.0  # of the words' tags in the loss, against 1 for the intent

    @classmethod
    def for_family(cls, family: str) -> "StudentPlan":
        """A short training that suits a notebook; `benchmarks.distillation` runs longer ones."""
        lr, steps = {"transformer": (7e-4, 200), "convolution": (5e-3, 1800), "static": (5e-3, 1200)}[family]
        return cls(lr, steps, batch_size=64, augmented=10_000)


def train_student(
    spec: Spec,
    teachers: tuple[Trained, ...],
    plan: StudentPlan,
    *,
    unlabelled: tuple[str, ...] = (),
    seed: int = 0,
    distilled: bool = True,
) -> Trained:
    """A student of this shape trained on what the teachers say, of `unlabelled` texts, too, or, its undistilled twin, on
    the labels: as many steps and batches, the labelled sentences only, and nothing of a teacher. A convolution starts
    from the pretrained encoder's tokens either way; a transformer from the teacher's layers, its twin from the
    pretrained ones."""
    dataset = replace(teachers[0].dataset, unlabelled=unlabelled if distilled else ())
    inputs = {
        "data": dataset.fingerprint,
        "teachers": [t.artifact.path.name for t in (teachers if distilled else teachers[:1])],
        "spec": plain(spec),
        "plan": plain(plan),
        "seed": seed,
        "distilled": distilled,
    }
    name = spec.name if distilled else f"{spec.name}, undistilled"

    def build(folder: Path) -> None:
        from edgelab.models.networks import build_student, build_teacher
        from edgelab.models.storage import load_model
        from edgelab.models.tokens import encode_labelled, load_tokenizer, trim_vocabulary
        from edgelab.models.training import Recipe, hard_loss, mask_tokens, train
        from edgelab.quantization.qat import quantize_aware, settle

        tokenizer, kept = trim_vocabulary(load_tokenizer(), dataset.train.texts, spec.vocabulary)
        tags = 1 if spec.family == "static" else 1 + 2 * len(dataset.slot_names)
        start = (
            load_model(teachers[0].artifact.path, None) if distilled else build_teacher(len(dataset.labels), tags, seed)
        )
        model = build_student(spec, start, kept, tags, seed)
        recipe = Recipe(plan.lr, plan.head_lr, plan.batch_size, steps=plan.steps, warmup=0.06, decay="cosine")
        loss: Loss
        next_rows: NextRows | None
        if distilled:
            targets = soft_targets(teachers, plan.variations_from or spec.vocabulary, plan.augmented, unlabelled)
            encoded, loss, next_rows = _lesson(targets, tokenizer, plan, len(dataset.train), len(unlabelled))
        else:
            encoded, loss, next_rows = encode_labelled(tokenizer, dataset, dataset.train), hard_loss, None
        train(
            model,
            encoded,
            loss,
            recipe,
            seed=seed,
            title=f"{name}, seed {seed}",
            next_rows=next_rows,
            corrupt=mask_tokens(tokenizer, plan.masked),
            switch=(round(0.6 * plan.steps), partial(quantize_aware, bits=plan.bits)) if plan.bits else None,
        )
        settle(model)
        store(folder, model, tokenizer)

    artifact = build_once("student", build, inputs=inputs)
    return Trained(name, artifact, spec, dataset, spec.vocabulary)


def _lesson(
    targets: Targets, tokenizer: "Tokenizer", plan: StudentPlan, real: int, unlabelled: int
) -> "tuple[Encoded, Loss, NextRows]":
    """What `train` takes to pass the targets on: the texts, of which the first `real` are labelled ones and the last
    `unlabelled` such; the loss; in which shares they are drawn."""
    from edgelab.models.tokens import encode
    from edgelab.models.training import draw_mixture

    encoded, targets = align(encode(tokenizer, targets.texts), targets)
    drawn = draw_mixture(
        encoded.lengths, real, plan.real_share, plan.batch_size, last=unlabelled, last_share=plan.unlabelled_share
    )
    return encoded, soft_loss(targets, plan.temperature, plan.slot_weight), drawn
