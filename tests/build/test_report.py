"""What a report says of models whose answers and latencies are known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from edgelab.build import page as report_page
from edgelab.build.measured import Measured
from edgelab.build.report import content, notes
from edgelab.build.search_space import Profile
from edgelab.bundle.answers import Answers
from edgelab.datasets.dataset import Dataset, Split
from edgelab.datasets.slots import parse_marked
from edgelab.measurement.bundles import Timing
from edgelab.measurement.latency import speedup
from edgelab.selection.bar import Bar
from edgelab.stats.intervals import accuracy_interval, retention_interval
from edgelab.stats.samples import LatencySamples

RNG = np.random.default_rng(0)


def samples(name: str, scale: float) -> LatencySamples:
    return LatencySamples(name, tuple(scale * RNG.lognormal(sigma=0.2, size=200)))


def answers(right: float, slots: bool = False) -> Answers:
    correct = RNG.random(300) < right
    calls = correct & (RNG.random(300) < 0.8)
    return (
        Answers(correct, np.ones(300), accuracy_interval(correct), calls)
        if slots
        else Answers(correct, np.ones(300), None)
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two teachers and a student, with other answers on validation than on test."""
    rows = [("teacher fp32", 1.0, 5000, 4.0), ("teacher int8", 1.0, 2000, 2.0), ("static 1/2 int4", 0.99, 100, 0.05)]
    measured, reference = [], None
    for name, right, size, scale in rows:
        folder = tmp_path_factory.mktemp("models") / name.split()[-1]
        folder.mkdir()
        (folder / "model.onnx").write_bytes(bytes(size))
        given = answers(right)
        reference = given.correct if reference is None else reference
        timing = Timing(samples(name, scale), samples(name, scale / 2))
        retention = {"label": retention_interval(given.correct, reference)}
        measured.append(Measured(name, folder, given, retention, timing))
    return measured


@pytest.fixture(scope="module")
def on_test(models):
    return {model.name: answers(right) for model, right in zip(models, (0.95, 0.94, 0.85), strict=True)}


PROFILE = Profile(texts=36, tokens=7.0, cut=0.25, slots=False)
LABELS, CALLS = (Bar(retention_of=of) for of in ("label", "call"))
SETTINGS = {"threads": 1, "seed": 0, "requests": 200, "block": 20}


@pytest.fixture
def report(models, on_test, tiny):
    bar = Bar(0.9, max_mb=0.00005, retention_of="label")
    found = content(tiny, PROFILE, bar, SETTINGS, models[:2], models[2:], on_test, {})
    return found | {"chosen": None, "nearest": "static 1/2 int4", "outside": None, "unlabelled": None}


def test_test_and_validation_are_not_mistaken_for_one_another(report, models, on_test):
    student, teacher = models[2], models[0]
    (entry,) = report["candidates"]
    given = on_test[student.name].correct
    retention = retention_interval(given, on_test[teacher.name].correct)
    assert entry["accuracy"] == given.mean() < 0.9 < student.answers.correct.mean() == entry["validation"]["accuracy"]
    assert (entry["retention"], *entry["retention_ci"]) == (retention.value, retention.low, retention.high)
    assert entry["validation"]["retention_ci"] == [student.retention["label"].low, student.retention["label"].high]
    assert entry["retention_ci"][1] < entry["validation"]["retention_ci"][0]


def test_speed_is_of_the_whole_request_against_the_fp32_teacher(report, models):
    pair = models[0].timing.with_tokenizer, models[2].timing.with_tokenizer
    ratio = speedup(*pair, block=20)  # as the requests were timed
    assert (ratio.low, ratio.high) != (speedup(*pair).low, speedup(*pair).high)
    (entry,) = report["candidates"]
    assert (entry["speed_ratio"], *entry["speed_ratio_ci"]) == (ratio.value, ratio.low, ratio.high)
    assert entry["speed_ratio"] == pytest.approx(80, rel=0.1) and entry["size_ratio"] == 50
    assert report["teacher"]["speed_ratio"] == report["teacher"]["size_ratio"] == report["teacher"]["retention"] == 1
    assert report["teacher"]["retention_ci"] == [1, 1]
    without = models[2].timing.without_tokenizer
    assert entry["latency_without_tokenizer_ms"]["p90"] == without.percentile(90)


def test_what_a_candidate_misses_is_told(report):
    (entry,) = report["candidates"]
    assert entry["clears_bar"] is False and entry["misses"] == ["size in MB is 0.0001, max 5e-05"]
    assert report_page.verdict(report).endswith("The nearest is static 1/2 int4: size in MB is 0.0001, max 5e-05.")


def test_it_is_plain_json(report):
    assert json.loads(json.dumps(report, allow_nan=False)) == report | {
        "host": report["host"] | {"features": list(report["host"]["features"] or ())}
    }


@pytest.mark.parametrize(("column", "key"), [("Slots", "slot_exact_match"), ("Calls", "call_exact_match")])
def test_slots_and_calls_have_a_column_where_the_data_has_slots(report, column, key):
    column = f"{column} exact, %"
    header, *rows = report_page.cells(report)
    assert {row[header.index(column)] for row in rows} == {"-"}
    without = report | {"dataset": report["dataset"] | {"slots": 0}}
    assert column not in report_page.cells(without)[0]
    given = accuracy_interval(np.arange(10) < 5)
    found = {key: given.value, f"{key}_ci": [given.low, given.high]}
    header, first, *_ = report_page.cells(report | {"teacher": report["teacher"] | found})
    assert first[header.index(column)] == "50.0 [23.7, 76.3]"


def test_calls_stand_beside_the_accuracy_on_both_splits(models, tiny):
    on_validation, on_test = answers(0.9, slots=True), answers(0.8, slots=True)
    measured = [replace(model, answers=on_validation) for model in models]
    test = {model.name: on_test for model in models}
    found = content(tiny, PROFILE, Bar(retention_of="label"), SETTINGS, measured[:2], measured[2:], test, {})
    for model in (found["teacher"], found["teacher_int8"], *found["candidates"]):
        for figures, given in ((model, on_test), (model["validation"], on_validation)):
            calls = given.call_exact_match
            assert (figures["call_exact_match"], figures["call_exact_match_ci"]) == (
                calls.value,
                [calls.low, calls.high],
            )
            assert figures["call_exact_match"] == given.calls.mean() < figures["accuracy"]
    assert found["teacher"]["call_exact_match"] != found["teacher"]["validation"]["call_exact_match"]


def test_where_calls_decide_the_page_shows_them(models, tiny):
    rows = zip(models, (0.95, 0.94, 0.85), strict=True)
    test = {model.name: answers(right, slots=True) for model, right in rows}
    measured = [
        replace(m, answers=test[m.name], retention=test[m.name].retention(test["teacher fp32"])) for m in models
    ]
    found = content(tiny, PROFILE, replace(CALLS, retention=0.5), SETTINGS, measured[:2], measured[2:], test, {})
    found |= {"chosen": "static 1/2 int4", "nearest": None, "outside": None, "unlabelled": None, "signature": None}
    (entry,) = found["candidates"]
    kept = retention_interval(test["static 1/2 int4"].calls, test["teacher fp32"].calls)
    for figures in (entry, entry["validation"]):
        assert (figures["call_retention"], *figures["call_retention_ci"]) == (kept.value, kept.low, kept.high)
        assert figures["retention"] == pytest.approx(entry["accuracy"] / found["teacher"]["accuracy"])
    assert entry["clears_bar"] == (kept.low >= 0.5)
    right = f"{100 * entry['call_exact_match']:.1f}"
    assert f"Calls exactly right on test {right} [" in report_page.verdict(found)
    assert f"retention {100 * kept.value:.1f} [" in report_page.verdict(found)
    assert f"static 1/2 int4 {right} %" in report_page.description(found)
    assert report_page.legend(found).startswith("Dashed: 50 % of the teacher's calls exactly right.")
    assert "50 % retention of each call" in report_page.method(found)[1]
    axes = report_page.draw(found).axes
    assert axes[0].get_ylabel() == "calls exactly right, test"
    dashed = [line.get_ydata()[0] for line in axes[0].lines if line.get_linestyle() == "--"]
    assert dashed == [0.5 * found["teacher"]["call_exact_match"]]
    header, *_, row = report_page.cells(found)
    assert row[header.index("Lower end for calls on validation, %")] == f"{100 * kept.low:.1f}"
    by_label = report_page.verdict(found | {"bar": found["bar"] | {"retention_of": "label"}})
    assert f"Accuracy on test {100 * entry['accuracy']:.1f} [" in by_label


def test_of_data_without_slots_no_calls_are_told(report):
    for model in (report["teacher"], report["teacher_int8"], *report["candidates"]):
        assert (
            model["call_exact_match"] is model["call_exact_match_ci"] is model["validation"]["call_exact_match"] is None
        )


def test_notes_tell_what_limits_the_figures(tiny):
    cut, few, slots = notes(tiny, PROFILE, CALLS)
    assert cut == "25.0% of the texts are longer than 128 tokens and are cut there."
    assert "Validation has 9 examples" in few and "no static student" in slots
    many = replace(tiny.validation, texts=("x",) * 201, labels=tiny.labels * 67, spans=None)
    assert notes(replace(tiny, slot_names=(), validation=many), replace(PROFILE, cut=0.0), LABELS) == []
    *same, alone = notes(tiny, PROFILE, LABELS)
    assert same == [cut, few, slots] and "compare the calls" in alone


def plain_data(train: dict[str, str], validation: dict[str, str], test: dict[str, str]) -> Dataset:
    splits = [Split(tuple(split), tuple(split.values())) for split in (train, validation, test)]
    return Dataset("plain", *splits, tuple(sorted({*train.values(), *validation.values(), *test.values()})))


def further_notes(data: Dataset) -> list[str]:
    """Without the one on how few examples validation has."""
    return [note for note in notes(data, replace(PROFILE, cut=0.0), LABELS) if not note.startswith("Validation has")]


def test_held_out_texts_that_stand_in_train_are_counted():
    train = {"play it": "a", "STOP": "b", "go on": "a"}
    data = plain_data(train, {"Play It": "a", "new": "b"}, {"stop": "b", "go on": "a", "newer": "a"})
    (note,) = further_notes(data)
    assert note == (
        "Of the 5 texts of validation and test, 3 also stand in train: on those, accuracy is measured on memorised texts."
    )
    assert further_notes(plain_data(train, {"it": "a", "new": "b"}, {"newer": "b", "newest": "a"})) == []


def test_labels_without_a_held_out_example_are_named():
    train = {f"text {i}": label for i, label in enumerate("abcdefgh")}
    held = {"held a": "a", "held b": "b", "held c": "c"}
    (note,) = further_notes(plain_data(train, held, {"other a": "a", "other b": "b"}))
    assert note == (
        "6 labels have no example in validation, or none in test, so nothing is known there of c, d, e, f, g and 1 more."
    )
    train = {f"text {i}": label for i, label in enumerate("abc")}
    (note,) = further_notes(plain_data(train, {"held a": "a", "held b": "b"}, {f"other {x}": x for x in "abc"}))
    assert note == "1 label has no example in validation, or none in test, so nothing is known there of c."


def test_calls_of_slots_that_train_lacks_are_counted_and_named(tiny):
    """A slot that stands in validation alone, and one that train has with another label alone."""
    data = replace(
        tiny,
        validation=marked(("go to [rome](city)", "set_alarm"), ("wake me in [rome](city) at [ten](time)", "set_alarm")),
        test=marked(
            ("play [abba](artist)", "play_music"), ("who are [abba](artist)", "ask_cloud"), ("why", "ask_cloud")
        ),
        slot_names=("artist", "city", "time"),
    )
    (note,) = (note for note in notes(data, PROFILE, CALLS) if "with their label" in note)
    assert note == (
        "Of the 5 calls of validation and test, 3 have a slot that train never has with their label, so no model makes "
        "them right: artist (ask_cloud), city (set_alarm)."
    )
    assert not any("with their label" in note for note in notes(tiny, PROFILE, CALLS))


def marked(*rows: tuple[str, str]) -> Split:
    texts, spans = zip(*(parse_marked(text) for text, _ in rows), strict=True)
    return Split(texts, tuple(label for _, label in rows), spans)
