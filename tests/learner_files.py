"""Files as learners have them, good and bad: what the tests of `datasets` share."""

import re

import pytest

from edgelab.datasets.dataset import Dataset
from edgelab.datasets.loading import load
from edgelab.datasets.slots import Span
from edgelab.datasets.sources import DataError

HEADER = "text,label\n"
WORDS = {"ring": "alarm", "wake": "alarm", "play": "music", "hear": "music"}
ROWS = [(f"{word} {number}", label) for word, label in WORDS.items() for number in range(5)]
BODY = "".join(f"{text},{label}\n" for text, label in ROWS)


def with_splits(rows) -> str:
    return "text,label,split\n" + "".join(f"{i},{label},{split}\n" for i, (label, split) in enumerate(rows))


def refused(path) -> str:
    """The one error of a bad file; its message is one line, and names the file."""
    with pytest.raises(DataError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    assert caught.value.__cause__ is None
    return message.removeprefix(str(path))


def examples(data: Dataset) -> list[tuple[str, str]]:
    return [p for s in (data.train, data.validation, data.test) for p in zip(s.texts, s.labels, strict=True)]


def mark(text: str, spans: tuple[Span, ...]) -> str:
    """The text in the notation that `slots.parse_marked` reads."""
    out, position = "", 0
    for span in spans:
        out += escaped(text[position : span.start]) + f"[{escaped(text[span.start : span.end])}]({span.name})"
        position = span.end
    return out + escaped(text[position:])


def escaped(text: str) -> str:
    return re.sub(r"([\[\]()\\])", r"\\\1", text)
