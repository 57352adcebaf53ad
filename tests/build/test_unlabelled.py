"""Builds of seconds with unlabelled lines and a file of another origin: who sees what, and what the report says of it."""

import json
from dataclasses import replace

import pytest

from edgelab.build import page, pipeline, unlabelled
from edgelab.build.conditions import see_that_it_is_known
from edgelab.build.folder import BuildError
from edgelab.build.unlabelled import select
from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Part, Split
from edgelab.datasets.repeats import normalised
from edgelab.datasets.slots import Span
from edgelab.distillation.students import UNLABELLED_SHARE
from edgelab.selection.bar import Bar
from edgelab.stats.bootstrap import paired_difference
from tests import small_build

OUTSIDE = Split(
    ("ring at seven", "music by adele now", "tell me about rome", "why is silk costly", "seven"),
    ("set_alarm", "play_music", "ask_cloud", "ask_cloud", "set_alarm"),
    ((Span(8, 13, "time"),), (Span(9, 14, "artist"),), (), (), (Span(0, 5, "time"),)),
)
WRONG = replace(OUTSIDE, labels=("play_music", "set_alarm", "set_alarm", "play_music", "ask_cloud"))
OWN = ("put on abba", "get me up at noon", "who made chess", "something by johnny cash")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A home of its own, with a candidate and a teacher of seconds."""
    candidate = small_build.student(small_build.Spec("convolution", 1024, 32, 48), 300, bits=4)
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in small_build.REPLACED.items():
            patch.setattr(module, name, (candidate,) if name == "CANDIDATES" else value)
        folder = tmp_path_factory.mktemp("lines")
        patch.setenv("EDGELAB_HOME", str(folder / "home"))
        yield folder


@pytest.fixture(scope="module")
def build(place, tiny):
    """`build(name, lines, outside)`: the report of that build, and what it said."""

    def run(name: str, lines: tuple[str, ...] = (), outside: Split | None = None) -> tuple[dict, list[str]]:
        said: list[str] = []
        part = None if outside is None else Part("others", "all", outside)
        data = replace(tiny, unlabelled=lines)
        return pipeline.build(data, place / name, Bar(0.05), outside=part, say=said.append), said

    return run


@pytest.fixture(scope="module")
def lines(tiny):
    """Four of their own, and one that repeats a text of each place that models are judged at."""
    return (*OWN[:2], tiny.validation.texts[0].upper(), f"{tiny.test.texts[1]}!", "Ring at seven.", *OWN[2:])


@pytest.fixture(scope="module")
def with_all(build, lines):
    return build("all", lines, OUTSIDE)


@pytest.fixture(scope="module")
def report(with_all):
    return with_all[0]


def candidates(report: dict) -> list[dict]:
    return [report["teacher"], report["teacher_int8"], *report["candidates"]]


# --- who sees what ------------------------------------------------------------------------------


def test_students_see_the_lines_that_repeat_nothing_they_are_judged_on(report, place, lines):
    assert [report["unlabelled"][key] for key in ("lines", "held_out", "used", "share")] == [7, 3, 4, UNLABELLED_SHARE]
    labelled = [json.loads(f.read_text()) for f in (place / "home").rglob("texts.json")]
    (further,) = [texts for texts in labelled if set(texts) <= set(lines)]
    assert set(further) == set(OWN) and len(further) == 4
    bundle = Bundle.load(place / "all" / "bundle")
    assert bundle.manifest["trained_on"]["unlabelled"] == 4
    assert bundle.manifest["trained_on"]["fingerprint"] == report["dataset"]["fingerprint"]


def test_the_teacher_is_the_same_without_them_and_nothing_else_is_built(report, place, build, tiny):
    built = place / "home" / "built"
    before = set(built.glob("*"))
    without, said = build("none")
    made = {folder.name.split("-")[0] for folder in set(built.glob("[a-z]*")) - before}
    assert made <= {"deployed", "answers"}  # in all its formats: the twin was shipped in one
    assert without["unlabelled"] is without["outside"] is None
    assert not any("lines" in line or "outside" in line for line in said)
    assert {len(model["outside"] or ()) for model in candidates(without)} == {0}
    columns = page.cells(without)[0]
    assert not any("utside" in column or "there" in column for column in columns) and page.further(without) == []


def test_what_lies_outside_decides_nothing(report, build, lines):
    """Not even one on which every model is wrong. The line that repeats it is left out in each."""
    without, _ = build("inside", tuple(line for line in lines if line != "Ring at seven."))
    wrong, _ = build("wrong", lines, WRONG)
    assert wrong["teacher"]["outside"]["accuracy"] < report["teacher"]["outside"]["accuracy"]
    for other in (without, wrong):
        assert other["chosen"] == report["chosen"] is not None
        for ours, theirs in zip(candidates(report), candidates(other), strict=True):
            same = ("name", "accuracy", "call_exact_match", "validation", "size_bytes")
            assert [ours[key] for key in same] == [theirs[key] for key in same]
    assert without["outside"] is None and wrong["outside"]["examples"] == 5


# --- what the report says -----------------------------------------------------------------------


def test_every_model_is_judged_outside(report, place, with_all):
    assert report["outside"] == {"name": "others", "examples": 5, "in_train": 0}
    teacher = report["teacher"]["outside"]
    for model in candidates(report):
        for key in ("accuracy", "call_exact_match"):
            low, high = model["outside"][f"{key}_ci"]
            assert 0 <= low <= model["outside"][key] <= high <= 1
        assert model["outside"]["call_exact_match"] <= model["outside"]["accuracy"]
        assert model["outside"]["retention"] == pytest.approx(model["outside"]["accuracy"] / teacher["accuracy"])
    chosen = next(model for model in report["candidates"] if model["name"] == report["chosen"])
    found = evaluate(Bundle.load(place / "all" / "bundle"), OUTSIDE)
    assert chosen["outside"]["accuracy"] == found.accuracy.value
    assert chosen["outside"]["call_exact_match"] == found.call_exact_match.value
    stages = [line.split("]")[1].split("(")[0].strip() for line in with_all[1] if line.startswith("[")]
    assert stages[-4:] == ["latency, side by side", "without the unlabelled lines", "test", "outside"]


def test_what_the_lines_brought_is_told_with_its_paired_interval(report, place, tiny):
    told = report["unlabelled"]
    chosen = next(model for model in report["candidates"] if model["name"] == report["chosen"])
    assert told["model"] == report["chosen"]
    bundle, twin = Bundle.load(place / "all" / "bundle"), Bundle.load(twin_of(place, report["chosen"]))
    for where, split, figures in (
        ("validation", tiny.validation, chosen["validation"]),
        ("outside", OUTSIDE, chosen["outside"]),
    ):
        ours, theirs = evaluate(bundle, split), evaluate(twin, split)
        for key, right, others in (
            ("accuracy", ours.correct, theirs.correct),
            ("call_exact_match", ours.calls, theirs.calls),
        ):
            gain = paired_difference(right, others)
            assert (told["gain"][where][key], told["gain"][where][f"{key}_ci"]) == (gain.value, [gain.low, gain.high])
            assert told["without"][where][key] == others.mean()
            assert gain.value == pytest.approx(figures[key] - told["without"][where][key])


def twin_of(place, name: str):
    """The bundle of that name that saw no unlabelled line, shipped in one format."""
    (folder,) = [
        manifest.parent
        for manifest in (place / "home" / "built").glob("deployed-*/*/bundle.json")
        if (found := json.loads(manifest.read_text()))["model"] == name and "unlabelled" not in found["trained_on"]
        if len(list(manifest.parent.parent.glob("*/bundle.json"))) == 1
    ]
    return folder


def test_the_page_says_it_too(report):
    lines, outside = page.further(report)
    drawn = f"{UNLABELLED_SHARE:.0%} of what each student drew"
    assert lines.startswith(f"Unlabelled lines: of 7 the teacher labelled 4, {drawn}; 3 repeat")
    gain = report["unlabelled"]["gain"]["validation"]
    assert f"{100 * gain['accuracy']:+.1f} [" in lines and "points of calls exactly right outside." in lines
    assert "others, 5 examples, of which 0 repeat a text of train" in outside and "decided nothing" in outside
    header, *rows = page.cells(report)
    place = header.index("Outside: calls exact, %")
    assert rows[0][place].startswith(f"{100 * report['teacher']['outside']['call_exact_match']:.1f} [")
    text = page.page(report)
    assert "Unlabelled lines: of 7" in text and "Outside: others" in text


def test_it_is_plain_json(report):
    assert json.loads(json.dumps(report, allow_nan=False))["unlabelled"] == report["unlabelled"]


# --- which lines are taken ----------------------------------------------------------------------


def test_of_too_many_lines_a_random_part_is_taken(tiny, monkeypatch):
    given = tuple(f"number {i} please" for i in range(100))
    assert sorted(select(replace(tiny, unlabelled=given)).used) == sorted(given)
    monkeypatch.setattr(unlabelled, "LINE_TOKENS", 100)
    some = select(replace(tiny, unlabelled=given))
    assert (some.given, some.held_out) == (100, 0) and 10 < len(some.used) <= 25  # of four to six tokens each
    assert set(some.used) < set(given) and some.used != given[: len(some.used)]
    assert select(replace(tiny, unlabelled=given)) == some


def test_lines_that_are_all_repeats_are_refused(tiny):
    with pytest.raises(BuildError, match="^tiny: expected unlabelled lines to learn from, found only repeats [^\\n]+$"):
        select(replace(tiny, unlabelled=(tiny.test.texts[0], "ring at seven")), [OUTSIDE])
    assert select(tiny).used == ()


def test_repeats_of_every_split_that_models_are_judged_on_are_left_out(tiny):
    data = replace(tiny, unlabelled=tuple(text for split in (tiny.train, *tiny.held_out) for text in split.texts))
    left = select(data).used
    assert set(left) == set(tiny.train.texts)
    assert not {normalised(t) for t in left} & {normalised(t) for split in tiny.held_out for t in split.texts}


def test_outside_has_no_other_labels_and_slots(tiny):
    part = Part("others", "all", OUTSIDE)
    see_that_it_is_known(part, tiny)
    see_that_it_is_known(None, tiny)
    labels = replace(OUTSIDE, labels=("a", "b", "c", "d", "set_alarm"))
    with pytest.raises(
        BuildError, match="^others: expected no other labels than those of tiny, found 'a', 'b', 'c', 'd';"
    ):
        see_that_it_is_known(replace(part, examples=labels), tiny)
    slots = replace(OUTSIDE, spans=((Span(0, 1, "place"),),) * 5)
    with pytest.raises(BuildError, match="^others: expected no other slots than those of tiny, found 'place'; leave"):
        see_that_it_is_known(replace(part, examples=slots), tiny)
