"""A person teaches commands of their own: learned, kept, used after a restart, forgotten; all in one folder."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgelab.datasets.dataset import joined
from edgelab.declarations import Stored
from edgelab.errors import UserError
from edgelab.measurement.processes import run_fresh
from edgelab.models.trained import Trained
from edgelab.personalization.adapters import write_adapter
from edgelab.personalization.learning import QUICK, Learned, LearningPlan, calls, learn_adapter
from edgelab.personalization.store import USERS, user_folder
from edgelab.personalization.users import Command, User
from edgelab.workspace import home

DECLARED = (
    Stored(
        what="a copy of a bundle in which a person's things may lie",
        where="{home}/personal/*",
        how_long="until deleted by hand",
        about="nobody",
        part="pocket",
    ),
)

LEAST = 3  # phrases of a command


class TeachingError(UserError):
    """What a person taught cannot be learned."""


def my_bundle(source: Path, name: str = "personal") -> Path:
    """A copy of a bundle in which people's things may lie, in the folder where built things are kept. Where the base is
    another one by now, or a copy was broken off, its files are replaced; the people's things stay."""
    folder, last = home() / name, "bundle.json"
    if (folder / last).is_file() and (folder / last).read_bytes() == (source / last).read_bytes():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.name != USERS:
            file.unlink()
    for file in sorted(source.iterdir(), key=lambda file: file.name == last):  # the manifest says that all is there
        shutil.copyfile(file, folder / file.name)
    return folder


def commands_of(taught: Mapping[str, str]) -> tuple[Command, ...]:
    """The commands of a person who wrote down their phrases, one a line, by the command's name.

    Raises:
        TeachingError: a command has too few phrases, or none has any.
    """
    commands = []
    for name, lines in taught.items():
        phrases = tuple(dict.fromkeys(line.strip() for line in lines.splitlines() if re.search(r"\w", line)))
        if not phrases and not name.strip():
            continue
        if len(phrases) < LEAST or not name.strip():
            raise TeachingError(
                f"{name.strip() or 'a command'}: expected a name and {LEAST} phrases, found {len(phrases)}"
            )
        commands.append(Command(name.strip().lower().replace(" ", "_"), None, {}, phrases))
    if not commands or len({command.name for command in commands}) < len(commands):
        raise TeachingError("expected commands with phrases, each name once")
    return tuple(commands)


def teach(base: Trained, folder: Path, name: str, commands: Sequence[Command], plan: LearningPlan = QUICK) -> Learned:
    """Learn a person's commands, and write their adapter to the bundle's folder."""
    person = User(name, "", tuple(commands))
    learned = learn_adapter(base, joined([person.learn, person.descriptions]), calls(person.commands), plan)
    write_adapter(learned.adapter, user_folder(folder, name))
    return learned


def after_restart(folder: Path, name: str, texts: Sequence[str]) -> list[str]:
    """What texts mean to a person in a process of its own that has no network."""
    said = run_fresh(("-m", "edgelab.personalization", str(folder), name, *texts))
    return list(json.loads(said.line)["meant"])
