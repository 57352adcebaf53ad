"""What words alone can do: the baseline beside encoder and generator."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import slot_values


@dataclass(frozen=True)
class Keywords:
    """Each label by the words that speak for it (complement naive Bayes on word counts)."""

    model: Any

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[str]) -> "Keywords":
        """Count the words of labelled texts."""
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.naive_bayes import ComplementNB
        from sklearn.pipeline import make_pipeline

        return cls(make_pipeline(CountVectorizer(token_pattern=r"[^\W_]+"), ComplementNB()).fit(texts, labels))

    def labels(self, texts: Sequence[str]) -> list[str]:
        """A label for each text."""
        return [str(label) for label in self.model.predict(texts)]


@dataclass(frozen=True)
class Gazetteer:
    """A list of known values: label -> words of a value -> its slot. With `Keywords` it makes calls."""

    keywords: Keywords
    values: dict[str, dict[tuple[str, ...], str]]

    @classmethod
    def fit(cls, split: Split) -> "Gazetteer":
        """Keep every value of a marked split; one that was of several slots has the slot that it had most often."""
        seen: dict[str, dict[tuple[str, ...], Counter[str]]] = {}
        for text, label, spans in zip(split.texts, split.labels, split.spans or (), strict=True):
            for name, said in slot_values(text, spans).items():
                for value in said:
                    seen.setdefault(label, {}).setdefault(_words(value), Counter())[name] += 1
        values = {label: {words: c.most_common(1)[0][0] for words, c in of.items()} for label, of in seen.items()}
        return cls(Keywords.fit(split.texts, split.labels), values)

    def calls(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """The call of each text: its label by keywords, and from left to right the longest known value of that label."""
        return [self._call(label, text) for label, text in zip(self.keywords.labels(texts), texts, strict=True)]

    def _call(self, label: str, text: str) -> dict[str, Any]:
        known, said = self.values.get(label, {}), text.split()
        longest = max((len(words) for words in known), default=0)
        found: dict[str, list[str]] = {}
        start = 0
        while start < len(said):
            for end in range(min(len(said), start + longest), start, -1):
                if name := known.get(_words(" ".join(said[start:end]))):
                    found.setdefault(name, []).append(" ".join(said[start:end]))
                    start = end
                    break
            else:
                start += 1
        return {"tool": label, **{name: v[0] if len(v) == 1 else v for name, v in found.items()}}


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip(" .,!?;:'\"") for word in value.lower().split())
