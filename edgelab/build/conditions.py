"""What a build cannot do without: each is seen before it costs an hour."""

from dataclasses import replace
from pathlib import Path

from edgelab.build.folder import BuildError
from edgelab.bundle.answers import Answers
from edgelab.bundle.keys import fingerprint, read_private_key
from edgelab.bundle.signature import next_edition
from edgelab.datasets.dataset import Dataset, Part
from edgelab.selection.bar import Bar


def settled(bar: Bar, dataset: Dataset) -> Bar:
    """The bar that says what its retention is of: of calls where the data has slots, unless it asks for labels.

    Raises:
        BuildError: it asks for calls, and the data has no slots.
    """
    of = bar.retention_of or ("call" if dataset.slot_names else "label")
    if of == "call" and not dataset.slot_names:
        raise BuildError(
            f"{dataset.name}: expected slots to judge calls by, found none; without them a call is its label: "
            "--retention-of label"
        )
    return replace(bar, retention_of=of)


def see_that_it_is_known(outside: Part | None, dataset: Dataset) -> None:
    """A model is judged outside on what it could have learned.

    Raises:
        BuildError: the outside data has a label or a slot that the data has not.
    """
    if outside is None:
        return
    examples = outside.examples
    slots = {span.name for spans in examples.spans or () for span in spans}
    for kind, found, known in (("label", set(examples.labels), dataset.labels), ("slot", slots, dataset.slot_names)):
        if unknown := sorted(found - set(known)):
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            raise BuildError(
                f"{outside.data}: expected no other {kind}s than those of {dataset.name}, found "
                f"{', '.join(map(repr, unknown[:5]))}{more}; leave such rows out"
            )


def see_that_it_is_right(teacher: Answers, bar: Bar, dataset: Dataset, split: str) -> None:
    """A teacher that is never right is nothing to keep a share of.

    Raises:
        BuildError: it never is.
    """
    if not teacher.correct.any():
        raise BuildError(f"{dataset.name}: the teacher is right on no {split} example; look at the labels")
    if bar.measure not in teacher.retention(teacher):
        raise BuildError(
            f"{dataset.name}: the teacher makes no {split} call right; look at the slots, or keep labels alone: "
            "--retention-of label"
        )


def about_signature(key: Path, out: Path) -> dict:
    """As which edition the bundle will be signed, one more than the earlier build's, and by which key. A `UserError` says
    that the file holds no private key, or that cryptography is missing."""
    return {"edition": next_edition(out / "bundle"), "key": fingerprint(read_private_key(key).public_key())}
