"""What a phone holds besides requests: notifications with their digests, notes with questions, messages with replies."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edgelab.datasets.sources import read_text
from edgelab.workspace import data_home

PRIORITIES = ("now", "today", "later", "never")


@dataclass(frozen=True)
class Notification:
    """One notification of a bundle; `minute` counts from midnight."""

    bundle: int
    app: str
    title: str
    body: str
    minute: int
    priority: str

    @property
    def text(self) -> str:
        """All that it shows."""
        return f"{self.app}: {self.title}: {self.body}"

    @property
    def source(self) -> str:
        """All that a digest of it may state: what it shows, and when it came."""
        return f"{self.minute // 60:02}:{self.minute % 60:02} {self.text}"


@dataclass(frozen=True)
class Note:
    """A note, and whatever it is called by its writer."""

    number: int
    title: str
    text: str

    @property
    def whole(self) -> str:
        """Title and text."""
        return f"{self.title}. {self.text}"


@dataclass(frozen=True)
class Question:
    """A question that note number `note` answers; the answer's words stand in it."""

    text: str
    note: int
    answer: str


@dataclass(frozen=True)
class Message:
    """An incoming message, and which replies of the pool would do: their positions."""

    text: str
    replies: tuple[int, ...]


@dataclass(frozen=True)
class Personal:
    """All of it. `digests`: bundle -> its reference in one line; `pool`: the replies."""

    notifications: tuple[Notification, ...]
    digests: dict[int, str]
    notes: tuple[Note, ...]
    questions: tuple[Question, ...]
    pool: tuple[str, ...]
    messages: tuple[Message, ...]

    def bundle(self, number: int) -> tuple[Notification, ...]:
        """The notifications of a bundle, in their order."""
        return tuple(each for each in self.notifications if each.bundle == number)

    def note(self, number: int) -> Note:
        """The note of that number."""
        return next(note for note in self.notes if note.number == number)


@cache
def load_personal(folder: Path | None = None) -> Personal:
    """The course's `notifications.jsonl`, `notes.jsonl` and `replies.jsonl`."""
    folder = folder or data_home() / "pocket"
    shown, kept, said = (_rows(folder / f"{name}.jsonl") for name in ("notifications", "notes", "replies"))
    pool = [row for row in said if "reply" in row]
    place = {row["reply"]: position for position, row in enumerate(pool)}
    fields = Notification.__dataclass_fields__
    return Personal(
        tuple(Notification(**{name: row[name] for name in fields}) for row in shown),
        {row["bundle"]: row["digest"] for row in shown if "digest" in row},
        tuple(Note(row["note"], row["title"], row["text"]) for row in kept if "title" in row),
        tuple(Question(row["question"], row["note"], row["answer"]) for row in kept if "question" in row),
        tuple(row["text"] for row in pool),
        tuple(Message(row["message"], tuple(place[r] for r in row["replies"])) for row in said if "message" in row),
    )


def _rows(file: Path) -> Sequence[dict]:
    return [json.loads(line) for line in read_text(file).splitlines()]
