"""People and the commands that they made up: what is learned from, and what is held out until the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgelab.datasets.dataset import Split, joined
from edgelab.datasets.sources import DataError, read_text
from edgelab.workspace import data_home

FOLDS = 4  # of a person's phrases: each is held out once while the other three are learned from


@dataclass(frozen=True)
class Command:
    """A person's own command. It calls a `tool` with fixed `slots`, or, where `tool` is None, something that no tool does
    yet. `learn` are the phrasings that the person teaches it by, `held_out` those that it is judged by."""

    name: str
    tool: str | None
    slots: dict[str, str]
    learn: tuple[str, ...]
    held_out: tuple[str, ...] = ()

    @property
    def description(self) -> tuple[str, ...]:
        """What the person said the command is: its name and, in words, the call that it stands for. Texts to learn from,
        too: nobody teaches a command without saying what it does."""
        name = self.name.replace("_", " ")
        return (name,) if self.tool is None else (name, " ".join([self.tool.replace("_", " "), *self.slots.values()]))


@dataclass(frozen=True)
class User:
    """A person with commands of their own."""

    name: str
    about: str
    commands: tuple[Command, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The commands' names."""
        return tuple(command.name for command in self.commands)

    @property
    def learn(self) -> Split:
        """The phrases to learn from; labels are the commands' names."""
        return joined([_labelled(c.learn, c.name) for c in self.commands])

    @property
    def held_out(self) -> Split:
        """The phrases to judge by, read once everything is chosen."""
        return joined([_labelled(c.held_out, c.name) for c in self.commands])

    @property
    def descriptions(self) -> Split:
        """What each command is, in words."""
        return joined([_labelled(c.description, c.name) for c in self.commands])

    def folds(self, count: int = FOLDS) -> Iterator[tuple[Split, Split]]:
        """`count` ways to divide the phrases to learn from: those to learn, and those to choose by. Of each command every
        `count`-th phrase is set aside, each once."""
        position = [i for command in self.commands for i in range(len(command.learn))]
        for fold in range(count):
            yield (
                self.learn.where(lambda i, f=fold: position[i] % count != f),  # type: ignore[misc]
                self.learn.where(lambda i, f=fold: position[i] % count == f),  # type: ignore[misc]
            )


def _labelled(texts: tuple[str, ...], name: str) -> Split:
    return Split(texts, (name,) * len(texts))


def load_users(folder: Path | None = None) -> tuple[User, ...]:
    """The people of `data/pocket/users`, or of another folder with files of that form.

    Raises:
        DataError: there are none, or a line is none of the three that such a file has.
    """
    folder = folder or data_home() / "pocket" / "users"
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise DataError(f"{folder}: expected a file for each person, found none; install the course again")
    return tuple(read_user(file) for file in files)


def read_user(path: Path) -> User:
    """The person of one file: `# name: about`, then for each command `## name -> tool slot=value; slot=value` (or `new`)
    and its lines `learn: ...` and `test: ...`.

    Raises:
        DataError: names the line that is none of these.
    """
    about, heads, phrases = "", [], []  # type: str, list[str], list[dict[str, list[str]]]
    for number, line in enumerate(read_text(path).splitlines(), 1):
        kind, _, rest = line.partition(" ")
        if kind == "#" and not heads:
            about = rest.partition(": ")[2]
        elif kind == "##" and " -> " in rest:
            heads.append(rest)
            phrases.append({"learn:": [], "test:": []})
        elif heads and kind in phrases[-1] and rest:
            phrases[-1][kind].append(rest)
        else:
            raise DataError(
                f"{path}, line {number}: expected '# name: about', '## command -> call', 'learn: ...' or 'test: ...', "
                f"found {line[:40]!r}"
            )
    return User(path.stem, about, tuple(_command(h, p) for h, p in zip(heads, phrases, strict=True)))


def _command(head: str, phrases: dict[str, list[str]]) -> Command:
    name, _, call = head.partition(" -> ")
    tool, _, values = call.partition(" ")
    pairs = (value.partition("=") for value in values.split("; ") if value)
    slots = {slot: text for slot, _, text in pairs}
    return Command(name, None if tool == "new" else tool, slots, tuple(phrases["learn:"]), tuple(phrases["test:"]))
