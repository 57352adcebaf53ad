"""A sweep's file: which data, recipes, precisions and seeds; read, checked, and told in one line where it is wrong."""

import json
import re
import reprlib
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from edgelab.build.search_space import CANDIDATES, Student
from edgelab.datasets.sources import NAMED
from edgelab.distillation.students import StudentPlan
from edgelab.distillation.teacher import TeacherPlan
from edgelab.errors import UserError
from edgelab.models.spec import Spec

PRECISIONS = ("fp32", "int8", "int4")
SPLITS = ("validation", "test")
TEACHER = "teacher"  # as a recipe: the teacher itself
LARGEST_SEED = 2**63 - 1  # as torch and NumPy take it
MOST_ENTRIES = 1000  # of a table of YAML
LARGEST = 10**9  # of any other number: what it costs is still a number then
SHORT = reprlib.Repr()  # where aliases stand for each other, the whole text would have no end
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother, SHORT.maxlong = 3, 80, 80, 80
NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # no file, no table and no terminal takes these


class ConfigError(UserError):
    """A sweep's file that cannot be used; the message names the key and what was expected."""


@dataclass(frozen=True)
class Recipe:
    """One way to a model: a candidate of `edgelab build`, with other values in its shape and its plan. `student` None is the
    teacher itself; `distilled` False the twin that learns from the labels alone."""

    name: str
    student: Student | None
    shape: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    distilled: bool = True
    unlabelled: bool = True


@dataclass(frozen=True)
class Config:
    """What a sweep runs: every recipe in every precision, with every seed, on every data set, judged on a split."""

    data: tuple[str, ...]
    recipes: tuple[Recipe, ...]
    precisions: tuple[str, ...]
    seeds: tuple[int, ...]
    split: str = "validation"
    teacher: dict[str, Any] = field(default_factory=dict)  # other values in the teacher's plan


KEYS = ("data", "families", "recipes", "precisions", "seeds", "split", "teacher")
AT_LEAST_1 = ("batch_size", "steps", "vocabulary", "embedding", "hidden", "depth")
SHARES = ("real_share", "masked", "unlabelled_share")
OF_A_RECIPE = ("family", "shape", "plan", "distilled", "unlabelled")


def read_config(file: Path) -> Config:
    """The sweep of a .toml, .json, .yaml or .yml file. Data files are found from its folder.

    Raises:
        ConfigError: it cannot be read, or is no sweep.
    """
    content = _parsed(file)
    if not isinstance(content, dict):
        raise ConfigError(f"{file}: expected the keys {', '.join(KEYS)}, found {_short(content)}")
    try:
        return _config(content, file.parent)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from None


def _config(content: dict, folder: Path) -> Config:
    """The sweep that a file's content describes.

    Raises:
        ValueError: it describes none.
    """
    _no_others(content, KEYS, "the file")
    data = _listed(content, "data", _is_name, "names or files of data sets")
    precisions = _listed(content, "precisions", lambda v: v in PRECISIONS, f"some of {', '.join(PRECISIONS)}")
    seeds = _listed(content, "seeds", lambda v: type(v) is int and 0 <= v <= LARGEST_SEED, "whole numbers from 0")
    split = content.get("split", "validation")
    if split not in SPLITS:
        raise ValueError(f"split: expected {' or '.join(SPLITS)}, found {_short(split)}")
    if len({short_name(name) for name in data}) < len(data):
        raise ValueError(f"data: expected files of different names, found {_short(data)}")
    teacher = _values(content.get("teacher", {}), TeacherPlan, "teacher")
    recipes = _recipes(content)
    return Config(tuple(_found(name, folder) for name in data), recipes, precisions, seeds, split, teacher)


def short_name(data: str) -> str:
    """A data set's own name, or its file's without folder and ending."""
    return re.split(r"[/\\]", data)[-1].rpartition(".")[0] or data


def _parsed(file: Path) -> object:
    kinds: dict[str, Callable[[str], object]] = {
        ".toml": tomllib.loads,
        ".json": lambda text: json.loads(text, object_pairs_hook=_each_once),
        ".yaml": _yaml,
        ".yml": _yaml,
    }
    if file.suffix.lower() not in kinds:
        raise ConfigError(f"{file}: expected a {', '.join(kinds)} file")
    try:
        return kinds[file.suffix.lower()](file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: expected UTF-8, found byte 0x{error.object[error.start]:02x}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: expected {file.suffix[1:].upper()}: {' '.join(str(error).split())}") from None


def _each_once(pairs: list[tuple[Any, Any]]) -> dict:
    """A table. JSON and YAML keep the last of two values under one key, and say nothing of the other.

    Raises:
        ValueError: a key stands twice.
    """
    table = dict(pairs)
    if len(table) < len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"expected each key once, found {_short(twice)} twice")
    return table


def _yaml(text: str) -> object:
    import yaml

    class Loader(yaml.SafeLoader):
        """YAML of plain values."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict:
            """Before `<<` brings what the table's own keys may replace."""
            _each_once([(key.value, None) for key, _ in node.value if isinstance(key, yaml.ScalarNode)])
            return super().construct_mapping(node, deep)

        def flatten_mapping(self, node: Any) -> None:
            """What `<<` brings is copied, and copied again where that is brought in turn: a page could grow to terabytes.

            Raises:
                ValueError: more entries than any sweep has.
            """
            super().flatten_mapping(node)
            if len(node.value) > MOST_ENTRIES:
                raise ValueError(f"expected a table of at most {MOST_ENTRIES} entries, found more")

    try:
        return yaml.load(text, Loader)
    except (yaml.YAMLError, IndexError) as error:  # IndexError: a number without digits
        raise ValueError(str(error)) from None


def _found(name: str, folder: Path) -> str:
    """A data set's own name, or where its file is."""
    return name if name in NAMED else str((folder / name).absolute())


def _is_name(value: object) -> bool:
    """Whether a value is a text that can name something: one line of whole characters."""
    return isinstance(value, str) and value.strip() != "" and not NO_NAME.search(value)


def _listed(content: dict, key: str, fits: Callable[[Any], bool], expected: str) -> tuple:
    found = content.get(key)
    if not isinstance(found, list) or not found or not all(fits(value) for value in found):
        raise ValueError(f"{key}: expected a list of {expected}, found {_short(found)}")
    if len(set(found)) < len(found):
        raise ValueError(f"{key}: expected each once, found {_short(found)}")
    return tuple(found)


def _recipes(content: dict) -> tuple[Recipe, ...]:
    """Families as they are, then those with values of their own.

    Raises:
        ValueError: there are none, or one is not known.
    """
    families = content.get("families", [])
    named = content.get("recipes", {})
    if not isinstance(families, list) or not isinstance(named, dict) or not (families or named):
        raise ValueError(f"families: expected a list of some of {', '.join(_known())}, or tables [recipes.NAME]")
    for name in named:
        if not _is_name(name):
            raise ValueError(
                f"recipes: expected names of one line, in quotes where they are numbers, found {_short(name)}"
            )
    tables = {str(name): {"family": name} for name in families} | named
    if len(tables) < len(families) + len(named):
        raise ValueError(f"families, recipes: expected each name once, found {_short([*families, *named])}")
    return tuple(_recipe(name, table) for name, table in tables.items())


def _recipe(name: str, table: object) -> Recipe:
    where = f"recipes.{name}"
    if not isinstance(table, dict):
        raise ValueError(f"{where}: expected a table with {', '.join(OF_A_RECIPE)}, found {_short(table)}")
    _no_others(table, OF_A_RECIPE, where)
    family = table.get("family", name)
    if not isinstance(family, str) or family not in _known():
        raise ValueError(f"{where}: expected a family of {', '.join(_known())}, found {_short(family)}")
    flags = {key: table.get(key, True) for key in ("distilled", "unlabelled")}
    for key, value in flags.items():
        if not isinstance(value, bool):
            raise ValueError(f"{where}.{key}: expected true or false, found {_short(value)}")
    shape = _values(table.get("shape", {}), Spec, f"{where}.shape")
    plan = _values(table.get("plan", {}), StudentPlan, f"{where}.plan")
    if family == TEACHER and len(table) > ("family" in table):
        raise ValueError(f"{where}: expected the teacher as it is: its plan is in [teacher]")
    return Recipe(name, _known()[family], shape, plan, **flags)


def _known() -> dict[str, Student | None]:
    """What a recipe may start from: a candidate by its name, or a family by the first of it."""
    families: dict[str, Student | None] = {student.spec.family: student for student in reversed(CANDIDATES)}
    return {TEACHER: None} | families | {student.spec.name: student for student in CANDIDATES}


def _values(table: object, of: type, where: str) -> dict[str, Any]:
    """Values for some fields of a dataclass, of the kinds that its fields have.

    Raises:
        ValueError: one is not a field, or of another kind.
    """
    if not isinstance(table, dict):
        raise ValueError(f"{where}: expected a table, found {_short(table)}")
    kinds: dict[str, Any] = {f.name: f.type for f in fields(of) if f.name != "family"}
    _no_others(table, tuple(kinds), where)
    for name, value in table.items():
        kind = kinds[name]
        fits: Callable[[Any], bool] = {
            int: lambda v: type(v) is int and 0 <= v <= LARGEST,
            float: lambda v: type(v) in (int, float) and 0 <= v <= LARGEST,
            int | None: lambda v: type(v) is int and 0 < v <= LARGEST,
            tuple[int, ...]: lambda v: (
                isinstance(v, list) and all(type(i) is int and 0 <= i < 6 for i in v) and v != []
            ),
        }[kind]
        if not fits(value):
            raise ValueError(f"{where}.{name}: expected {_kind(kind)}, found {_short(value)}")
        if name in AT_LEAST_1 and not value or name in SHARES and value > 1:
            expected = "at least 1" if name in AT_LEAST_1 else "a share from 0 to 1"
            raise ValueError(f"{where}.{name}: expected {expected}, found {_short(value)}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


def _kind(kind: Any) -> str:
    bounds = f"at least 0, at most {LARGEST:,}"
    words = {int: f"a whole number, {bounds}", float: f"a number, {bounds}", int | None: "a whole number above 0"}
    return words.get(kind, "a list of layers from 0 to 5")


def _no_others(table: dict, known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"{where}: expected the keys {', '.join(known)}, found {_short(key)}")


def _short(value: object) -> str:
    shown = SHORT.repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
