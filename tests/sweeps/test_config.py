"""A sweep's file: three formats, and what is wrong with one told in a line."""

import json

import pytest

from edgelab.build.search_space import CANDIDATES
from edgelab.sweeps.config import ConfigError, read_config, short_name

RIGHT = {
    "data": ["pocket", "mine.csv"],
    "families": ["convolution", "teacher"],
    "precisions": ["int8"],
    "seeds": [0, 1],
}
TOML = """
data = ["pocket", "mine.csv"]
families = ["convolution", "teacher"]
precisions = ["int8"]
seeds = [0, 1]
"""
YAML = "data: [pocket, mine.csv]\nfamilies: [convolution, teacher]\nprecisions: [int8]\nseeds: [0, 1]\n"


@pytest.mark.parametrize(
    ("ending", "content"), [("toml", TOML), ("json", json.dumps(RIGHT)), ("yaml", YAML), ("yml", YAML)]
)
def test_formats_are_alike(tmp_path, ending, content):
    file = tmp_path / f"sweep.{ending}"
    file.write_text(content)
    found = read_config(file)
    assert found.data == ("pocket", str(tmp_path / "mine.csv"))  # beside the file
    assert (found.precisions, found.seeds, found.split) == (("int8",), (0, 1), "validation")
    convolution, teacher = found.recipes
    assert (
        convolution.student is next(s for s in CANDIDATES if s.spec.family == "convolution") and teacher.student is None
    )


def test_a_mark_of_bytes_before_the_file_and_tables_that_share(tmp_path):
    file = tmp_path / "sweep.yaml"
    shared = "recipes:\n  a: &a {family: static, distilled: true}\n  b: {<<: *a, distilled: false}\n"
    file.write_text(f"{YAML}{shared}", "utf-8-sig")
    assert [recipe.distilled for recipe in read_config(file).recipes[2:]] == [True, False]


def read(tmp_path, **other):
    file = tmp_path / "sweep.json"
    file.write_text(json.dumps({key: value for key, value in (RIGHT | other).items() if value is not None}))
    return read_config(file)


def test_a_recipe_starts_from_a_candidate_and_has_values_of_its_own(tmp_path):
    table = {"family": "convolution 64/256x2", "distilled": False, "plan": {"steps": 9}, "shape": {"depth": 1}}
    (found,) = read(tmp_path, families=None, recipes={"short": table}).recipes
    assert (found.name, found.student.spec.embedding, found.distilled, found.unlabelled) == ("short", 64, False, True)
    assert (found.plan, found.shape) == ({"steps": 9}, {"depth": 1})
    layers = {"family": "transformer", "shape": {"layers": [0, 1]}}
    assert read(tmp_path, recipes={"two": layers}).recipes[2].shape == {"layers": (0, 1)}


@pytest.mark.parametrize(
    ("other", "parts"),
    [
        ({"data": None}, ("data: expected a list of names", "found None")),
        ({"data": []}, ("data: expected a list",)),
        ({"data": ["a/x.csv", "b/x.csv"]}, ("data: expected files of different names",)),
        ({"precisions": ["int2"]}, ("precisions: expected a list of some of fp32, int8, int4", "int2")),
        ({"seeds": [0, 0]}, ("seeds: expected each once",)),
        ({"seeds": [True]}, ("seeds: expected",)),
        ({"seeds": [-1]}, ("seeds: expected",)),
        ({"seeds": 3}, ("seeds: expected", "found 3")),
        ({"split": "train"}, ("split: expected validation or test, found 'train'",)),
        ({"families": ["lstm"]}, ("recipes.lstm: expected a family of teacher, ", "found 'lstm'")),
        ({"families": None}, ("families: expected a list",)),
        ({"families": [], "recipes": {}}, ("families: expected a list",)),
        ({"recipes": {"convolution": {}}}, ("expected each name once",)),
        ({"recipes": {"x": 3}}, ("recipes.x: expected a table",)),
        ({"recipes": {"x": {"family": "teacher", "plan": {}}}}, ("recipes.x: expected the teacher as it is",)),
        ({"recipes": {"x": {"family": "static", "speed": 1}}}, ("recipes.x: expected the keys family", "'speed'")),
        ({"recipes": {"x": {"family": "static", "distilled": 1}}}, ("recipes.x.distilled: expected true or false",)),
        ({"recipes": {"x": {"family": "static", "plan": {"step": 1}}}}, ("recipes.x.plan: expected the keys lr, ",)),
        (
            {"recipes": {"x": {"family": "static", "plan": {"steps": 0}}}},
            ("recipes.x.plan.steps: expected at least 1",),
        ),
        ({"recipes": {"x": {"family": "static", "plan": {"lr": "1"}}}}, ("recipes.x.plan.lr: expected a number",)),
        ({"recipes": {"x": {"family": "static", "plan": {"masked": 2}}}}, ("plan.masked: expected a share",)),
        ({"recipes": {"x": {"family": "transformer", "shape": {"layers": [6]}}}}, ("layers from 0 to 5",)),
        ({"teacher": {"epochs": -1}}, ("teacher.epochs: expected a number",)),
        ({"teacher": {"epochs": 10**400}}, ("teacher.epochs: expected a number, at least 0, at most 1,000,000,000",)),
        ({"recipes": {"x": {"family": "static", "plan": {"steps": 10**400}}}}, ("plan.steps: expected a whole",)),
        ({"families": [["static"]]}, ("expected a family of teacher, ", "found ['static']")),
        ({"recipes": {"x": {"family": {}}}}, ("recipes.x: expected a family of teacher, ", "found {}")),
        ({"recipes": {"": {"family": "static"}}}, ("recipes: expected names of one line", "found ''")),
        ({"recipes": {"a\nb": {"family": "static"}}}, ("recipes: expected names of one line", "a\\nb")),
        ({"recipes": {"\ud800": {"family": "static"}}}, ("recipes: expected names of one line", "\\ud800")),
        ({"data": ["a\0.csv"]}, ("data: expected a list of names or files",)),
        ({"data": ["\ud800.csv"]}, ("data: expected a list of names or files",)),
        ({"sees": [1]}, ("the file: expected the keys data, ", "found 'sees'")),
    ],
)
def test_what_is_wrong_is_named(tmp_path, other, parts):
    with pytest.raises(ConfigError) as told:
        read(tmp_path, **other)
    assert all(part in str(told.value) for part in ("sweep.json: ", *parts)) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.toml", None, "cannot be read: No such file"),
        ("folder.toml", "folder", "cannot be read: Is a directory"),
        ("sweep.ini", b"", "expected a .toml, .json, .yaml, .yml file"),
        ("empty.json", b"", "expected JSON: Expecting value"),
        ("empty.yaml", b"", "expected the keys data, "),
        ("empty.toml", b"", "data: expected a list"),
        ("list.json", b"[1]", "expected the keys data, "),
        ("broken.toml", b"data = [", "expected TOML: "),
        ("broken.yaml", b"data: [\n", "expected YAML: "),
        ("latin.toml", b"# caf\xe9", "expected UTF-8, found byte 0xe9"),
        ("twice.json", b'{"seeds": [0], "seeds": [1]}', "expected JSON: expected each key once, found 'seeds' twice"),
        ("twice.yaml", b"seeds: [0]\nseeds: [1]\n", "expected YAML: expected each key once, found 'seeds' twice"),
        ("number.yaml", f"{YAML}recipes: {{1: {{family: static}}}}\n".encode(), "recipes: expected names of one line"),
        ("deep.json", b"[" * 100_000, "expected JSON: "),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_line(tmp_path, name, content, said):
    file = tmp_path / name
    if content == "folder":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as told:
        read_config(file)
    assert str(told.value).startswith(f"{file}: {said}") and "\n" not in str(told.value)


@pytest.mark.parametrize(("data", "short"), [("pocket", "pocket"), ("/a/b.c.csv", "b.c"), ("mine.jsonl", "mine")])
def test_short_names(data, short):
    assert short_name(data) == short


LAUGHS = "data:\n" + "\n".join(f"- &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]" for i in range(12))
MERGED = "\n".join(
    f"a{i}: &a{i} {{{'<<: [' + ', '.join([f'*a{i - 1}'] * 9) + ']' if i else 'x: 1'}}}" for i in range(12)
)


@pytest.mark.parametrize(
    ("ending", "content", "message"),
    [
        ("yaml", LAUGHS, "data: expected a list of"),  # of terabytes, written out
        ("yaml", MERGED, "at most 1000 entries"),
        ("yaml", "seeds: !!int ''", "expected YAML"),
        (
            "json",
            json.dumps({f"k{i}": 1 for i in range(60_000)}),
            "expected the keys",
        ),  # once each against each: a minute
    ],
)
def test_what_would_hang_is_refused(tmp_path, ending, content, message):
    (tmp_path / f"sweep.{ending}").write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(tmp_path / f"sweep.{ending}")
    assert len(str(caught.value)) < 1000
