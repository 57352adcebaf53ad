"""The fault to find in `01_distillation`: a student that learned its lesson, and answers in the wrong names.

`handed_over` trains it; `taken_for` finds out what is wrong, and `in_our_order` mends it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.distillation.by_hand import ByHand, Gradient, Written, train_by_hand
from edgelab.distillation.columns import in_our_order
from edgelab.distillation.recall import taken_for
from edgelab.models.trained import Trained

NAMES = np.array(["ask_cloud", "play_music", "send_money", "set_alarm", "set_timer", "take_note"])


def _confused(rng: np.random.Generator) -> Iterator[tuple]:
    for examples, labels in ((60, 3), (240, 6)):
        gold, others = rng.choice(NAMES[:labels], examples), rng.choice(NAMES[:labels], examples)
        yield np.where(rng.random(examples) < 0.5, gold, others), gold
    order = np.roll(NAMES, 2)  # every label answers in another's name, and sometimes in a third's
    places = rng.integers(6, size=90)
    yield np.where(rng.random(90) < 0.8, order[places], rng.choice(NAMES, 90)), NAMES[places]
    gold = np.repeat(NAMES[:3], 4)
    yield rng.permuted(np.tile(NAMES[[5, 3, 5, 3]], (3, 1)), axis=1).ravel(), gold  # ties
    pairs = [NAMES[[i, i + 1, i, i + 1]] for i in range(5)]
    yield rng.permuted(pairs, axis=1).ravel(), np.repeat(NAMES[1:], 4)  # with itself, and it is not the first
    yield np.where(gold == NAMES[1], NAMES[2], gold), gold
    yield np.full(12, NAMES[4]), gold  # one name for all, which is none of theirs
    yield NAMES[[2]], NAMES[[0]]
    yield np.array([], dtype=str), np.array([], dtype=str)


def _most(called: np.ndarray, last: bool = False) -> str:
    names, times = np.unique(called, return_counts=True)
    return str(names[np.flatnonzero(times == times.max())[-1 if last else 0]])


def _times(called: np.ndarray) -> int:
    return int(np.unique(called, return_counts=True)[1].max())


def _wrong_ones(predicted: np.ndarray, gold: np.ndarray) -> dict[str, str]:
    found = {}
    for label in np.unique(gold):
        called = predicted[(gold == label) & (predicted != label)]
        found[str(label)] = _most(called) if len(called) else str(label)
    return found


TAKEN = (
    Mistake(
        "the other way round",
        lambda p, g: taken_for(g, p),
        "yours goes from what was said to what is right: ask what the examples OF a label were called.",
    ),
    Mistake(
        "the wrong ones alone",
        _wrong_ones,
        "right answers count as well: a healthy model takes each label for itself.",
    ),
    Mistake(
        "of all examples",
        lambda p, g: {str(label): _most(p) for label in np.unique(g)},
        "every label gets the same name: select the label's own examples first.",
    ),
    Mistake(
        "the last of equals",
        lambda p, g: {str(label): _most(p[g == label], last=True) for label in np.unique(g)},
        "of equally frequent names take the first in the alphabet.",
    ),
    Mistake(
        "itself among equals",
        lambda p, g: {
            str(x): str(x) if np.sum(p[g == x] == x) == _times(p[g == x]) else _most(p[g == x]) for x in {*g}
        },
        "the alphabet decides, even where the label's own name is among the equals.",
    ),
    Mistake(
        "the first met of equals",
        lambda p, g: {str(label): Counter(p[g == label].tolist()).most_common(1)[0][0] for label in np.unique(g)},
        "Counter and mode take the one that they meet first: sort the names before you count them.",
    ),
    Mistake(
        "the first that was said",
        lambda p, g: {str(label): str(p[g == label][0]) for label in np.unique(g)},
        "one example is an anecdote: count the names.",
    ),
    Mistake(
        "the first in the alphabet",
        lambda p, g: {str(label): str(p[g == label].min()) for label in np.unique(g)},
        "the alphabet decides between equally frequent names only: count them first.",
    ),
    Mistake(
        "how often",
        lambda p, g: {str(label): _times(p[g == label]) for label in np.unique(g)},
        "that is how often: return the name.",
    ),
    Mistake(
        "every label there is",
        lambda p, g: {str(label): _most(p[g == label]) if label in g else "" for label in np.unique([*p, *g])},
        "a label without examples was taken for nothing: go through the labels in gold.",
    ),
    Mistake(
        "never right, left out",
        lambda p, g: {label: name for label, name in taken_for(p, g).items() if label in p[g == label]},
        "a label that was never right is missing: just that one you are looking for.",
    ),
)


def _columns(rng: np.random.Generator) -> Iterator[tuple]:
    for rows, labels in ((4, 6), (7, 5), (2, 3)):
        ours = tuple(str(name) for name in rng.permutation(NAMES[:labels]))
        theirs = tuple(ours[i] for i in _cycle(labels, rng))
        yield rng.normal(size=(rows, labels)), theirs, ours
    alphabet = tuple(map(str, NAMES))
    yield rng.normal(size=(3, 6)), tuple(alphabet[i] for i in _cycle(6, rng)), alphabet
    yield rng.normal(size=(3, 6)), tuple(map(str, rng.permutation(NAMES))), alphabet[1:4]  # they know more labels
    yield rng.normal(size=(3, 2)), alphabet[:2], alphabet[:2]
    yield rng.normal(size=(1, 6)), alphabet[::-1], alphabet
    yield rng.normal(size=(2, 4)), alphabet[:4], alphabet[1:5]  # the last of ours is missing
    yield rng.normal(size=(2, 5)), alphabet[:1] + alphabet[2:], alphabet[:3]  # the one between


def _cycle(number: int, rng: np.random.Generator) -> np.ndarray:
    """A random order in which nothing keeps its place, and that turned round is another one (from three on)."""
    around = rng.permutation(number)
    order = np.empty(number, dtype=int)
    order[around] = np.roll(around, 1)
    return order


def handed_over(teacher: Trained, kd_loss: Written, kd_gradient: Gradient) -> ByHand:
    """A colleague's student: trained as by hand from the teacher's answers alone, but the answers' columns stand in the order
    of the colleague's code, in which no label keeps its place."""
    labels = teacher.dataset.labels
    theirs = [labels[i] for i in _cycle(len(labels), np.random.default_rng(0))]
    return train_by_hand(teacher, kd_loss, kd_gradient, alpha=1.0, columns=theirs)


def _inverse(logits: np.ndarray, theirs: Sequence[str], ours: Sequence[str]) -> np.ndarray:
    if not set(ours) <= set(theirs):
        raise ValueError
    return logits[:, [list(ours).index(label) for label in theirs if label in ours]]


def _zeros(logits: np.ndarray, theirs: Sequence[str], ours: Sequence[str]) -> np.ndarray:
    found = np.zeros((len(logits), len(ours)))
    for place, label in enumerate(ours):
        if label in theirs:
            found[:, place] = logits[:, list(theirs).index(label)]
    return found


def _checked(logits: np.ndarray, theirs: Sequence[str], ours: Sequence[str], places: Sequence[int]) -> np.ndarray:
    in_our_order(logits, theirs, ours)
    return logits[:, places]


ORDER = (
    Mistake(
        "the way there for the way back",
        _inverse,
        "yours puts our columns into their order: for each of OUR labels, at which place do THEY have it?",
    ),
    Mistake(
        "as they are",
        lambda logits, theirs, ours: _checked(logits, theirs, ours, range(len(ours))),
        "the columns stand as they came: their places go by the names, not by the numbers.",
    ),
    Mistake(
        "by the alphabet",
        lambda logits, theirs, ours: _checked(logits, theirs, ours, np.argsort(theirs)[: len(ours)].tolist()),
        "ours need not stand in the alphabet's order, nor be all that they know: look each name up.",
    ),
    Mistake(
        "turned round",
        lambda logits, theirs, ours: _checked(logits, theirs, ours, range(len(theirs))[::-1][: len(ours)]),
        "not every other order is the reverse: look each name up.",
    ),
    Mistake(
        "what is missing is 0",
        _zeros,
        "a logit of 0 is an answer: a label that they do not have must raise a ValueError.",
    ),
    Mistake(
        "what is missing is left out",
        lambda logits, theirs, ours: logits[:, [list(theirs).index(label) for label in ours if label in theirs]],
        "a column is missing without a word, and all behind it are shifted: raise a ValueError.",
    ),
    Mistake(
        "rows for columns",
        lambda logits, theirs, ours: logits[[list(theirs).index(label) for label in ours][: len(logits)]][
            :, : len(ours)
        ],
        "the labels are the columns: logits[:, places].",
    ),
    Mistake(
        "the columns that they have more",
        lambda logits, theirs, ours: _checked(
            logits,
            theirs,
            ours,
            [list(theirs).index(x) for x in ours] + [i for i, x in enumerate(theirs) if x not in ours],
        ),
        "one column for each of ours: what else they know is no concern of ours.",
    ),
)


def register(check: Checks) -> None:
    """Add both to a notebook's registry, in its order."""
    check.function(
        taken_for,
        cases=_confused,
        nudge="Take one label's examples alone: which names were they given, and how often each?",
        mistakes=TAKEN,
    )
    check.function(
        in_our_order,
        cases=_columns,
        nudge="Write down for a single label of ours which column of theirs it needs; then for all.",
        mistakes=ORDER,
    )
