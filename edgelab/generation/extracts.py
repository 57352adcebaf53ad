"""What encoder and keywords say where a text is wanted: they cannot write, so they pick out of what is there."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from edgelab.generation.keywords import Keywords
from edgelab.generation.personal import Notification
from edgelab.generation.retrieval import Embed, word_similarity

FOLDS = 5
TOLD, WORDS = 3, 4  # notifications in a digest, words in a title
SENTENCE = re.compile(r"(?<=[.!?])\s+")
Classify = Callable[[list[int], list[int]], Sequence[str]]


def sentences(text: str) -> list[str]:
    """A text cut after each full stop, exclamation or question mark."""
    return [part for part in SENTENCE.split(text.strip()) if part]


def across_bundles(shown: Sequence[Notification], classify: Classify) -> list[str]:
    """A priority for each notification, learned from the bundles of the other folds: `classify(learn, asked)` takes
    positions and gives the labels of those asked."""
    out = [""] * len(shown)
    for fold in range(FOLDS):
        asked = [i for i, each in enumerate(shown) if each.bundle % FOLDS == fold]
        learn = [i for i, each in enumerate(shown) if each.bundle % FOLDS != fold]
        for i, label in zip(asked, classify(learn, asked) if asked else (), strict=True):
            out[i] = label
    return out


def triage_by_keywords(shown: Sequence[Notification]) -> list[str]:
    """By the words of other bundles' notifications."""

    def classify(learn: list[int], asked: list[int]) -> list[str]:
        words = Keywords.fit([shown[i].text for i in learn], [shown[i].priority for i in learn])
        return words.labels([shown[i].text for i in asked])

    return across_bundles(shown, classify)


def triage_by_encoder(shown: Sequence[Notification], embed: Embed) -> list[str]:
    """By a logistic regression on embeddings of other bundles' notifications."""
    from sklearn.linear_model import LogisticRegression

    features = embed(tuple(each.text for each in shown))
    labels = np.array([each.priority for each in shown])

    def classify(learn: list[int], asked: list[int]) -> list[str]:
        model = LogisticRegression(C=10, max_iter=1000).fit(features[learn], labels[learn])
        return [str(label) for label in model.predict(features[asked])]

    return across_bundles(shown, classify)


def digest_of(shown: Sequence[Notification], priorities: Sequence[str]) -> str:
    """The beginnings of the first few notifications that are found to be urgent, `now` before `today`; where none is, of
    the last that came."""
    urgent = [n for wanted in ("now", "today") for n, p in zip(shown, priorities, strict=True) if p == wanted]
    return " ".join(sentences(each.body)[0] for each in (urgent or shown[-1:])[:TOLD])


def opening(text: str) -> str:
    """A title by rule: the first few words, up to the first mark."""
    return " ".join(re.split(r"[.,:;!?]", text)[0].split()[:WORDS])


def key_phrase(text: str, embed: Embed) -> str:
    """A title by encoder: of all runs of two to four words within a sentence the one whose embedding is nearest to the
    whole note's."""
    runs = []
    for clause in re.split(r"[.,:;!?]\s*", text):
        words = clause.split()
        runs += [" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 2, min(len(words), i + WORDS) + 1)]
    whole, *parts = embed((text, *runs))
    return runs[int(np.argmax(np.array(parts) @ whole))]


def sentence_by_words(question: str, text: str) -> str:
    """The sentence of a note that shares most with a question, by words."""
    parts = sentences(text)
    return parts[int(np.argmax(word_similarity([question], parts)[0]))]


def sentence_by_encoder(question: str, text: str, embed: Embed) -> str:
    """The sentence of a note whose embedding is nearest to a question's."""
    asked, *parts = embed((question, *sentences(text)))
    return sentences(text)[int(np.argmax(np.array(parts) @ asked))]
