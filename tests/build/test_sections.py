"""The report's sections, of figures that are known."""

import html
import re
from html.parser import HTMLParser

import pytest

from edgelab.build.sections import TOP, sections

EVIL = "<script>alert('x')</script>"


class Tables(HTMLParser):
    """Every table as rows of cells, by its caption; every other text."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.tables, self.texts, self.tags = [], {}, [], set()
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.add(tag)
        if tag == "tr":
            self.row = []
            self.tables[self.caption].append(self.row)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "caption":
            self.caption = data
            self.tables[data] = []
        elif self.open and self.open[-1] in ("th", "td"):
            self.row.append(data)
        elif data.strip():
            self.texts.append(data)

    def table(self, beginning: str) -> list[list[str]]:
        (found,) = [rows for caption, rows in self.tables.items() if caption.startswith(beginning)]
        return found


def threshold(promise, value, **changes):
    shares = dict.fromkeys(("kept", "kept_and_wrong", "wrong_among_kept", "right_together"), [0.5, 0.25, 0.75])
    return {"promise": promise, "threshold": value, "kept_on_validation": 0.5, **shares, **changes}


def answer(label, **slots):
    return {"label": label, "slots": slots, "confidence": 0.987}


@pytest.fixture
def report():
    labels = [
        {"label": f"label {i}", "examples": 9, "right": i, "share": [0.1, 0, 1], "calls_right": 3} for i in range(12)
    ]
    labels[9:] = [row | {"right": 9} for row in labels[9:]]
    place = {"partitions": 2, "taken": 3, "nodes": 4, "verdict": "maybe", "lacks": ["Gelu"], "open_shapes": 0}
    return {
        "chosen": "student int4",
        "nearest": None,
        "dataset": {"slots": 1},
        "decision": {
            "of": "call",
            "examples": 1400,
            "probability": 0.875,
            "none": 0.0,
            "models": [
                {"name": "a", "size_bytes": 1000, "misses": ["one", "two"], "truly_clears": 0.25, "smallest": 0.125},
                {"name": "b", "size_bytes": 2_500_000, "misses": [], "truly_clears": 1.0, "smallest": 0.75},
            ],
            "changes": [f"{EVIL} wins {i}" for i in range(12)],
        },
        "thresholds": {
            "of": "call",
            "model_sha256": "0123456789abcdef" * 4,
            "auroc": 0.875,
            "rows": [threshold(0.01, None, wrong_among_kept=None), threshold(0.1, 0.25), threshold(None, 0.75)],
        },
        "preflight": {
            "largest_difference": 0.125,
            "shapes": [[1, 3]],
            "placements": [
                {"target": "NNAPI", "shapes": "1 x any", **place, "open_shapes": 7},
                {"target": "CPU", "shapes": "1 x 32", **place, "lacks": []},
            ],
        },
        "mistakes": {
            "of": "call",
            "examples": 1500,
            "wrong": 1234,
            "labels": labels,
            "confusions": [{"due": f"a{i}", "said": EVIL, "count": i} for i in range(11)],
            "slots": [{"slot": "time", "due": 5, "right": 3, "not_due": 2}],
            "shown": [{"text": EVIL, "due": answer("x"), "said": answer("y", who=["a", "b"]), "teacher": answer("x")}],
            "against_teacher": {
                "both_right": 200,
                "only_teacher": 1000,
                "only_model": 66,
                "both_wrong_alike": 34,
                "both_wrong_otherwise": 200,
                "difference": [-0.5, -0.625, 0.25],
            },
        },
        "code": ["one", 'two("<")', "three", "four", "five"],
    }


def test_the_decision_says_how_sure_and_what_would_change_it(report):
    page = Tables(sections(report))
    _, a, b = page.table("Candidates")
    assert a == ["a", "0.001", "0.250", "0.125", "one; two"] and b == ["b", "2.500", "above 0.999", "0.750", "nothing"]
    told = " ".join(page.texts)
    assert "probability of 0.875. It rests on 1,400 examples" in told and "truly clears: below 0.001" in told
    assert f"{EVIL} wins 9" in told and f"{EVIL} wins 10" not in told and "(10 of 12;" in told
    report["decision"]["changes"] = None
    assert "each alone" not in sections(report)
    assert "None ships." in sections(report | {"chosen": None, "nearest": "b"})


def test_thresholds_are_told_with_what_is_none(report):
    page = Tables(sections(report))
    header, none, some, shipped = page.table("Thresholds")
    assert none[:2] == ["at most 1 %", "none"] and none[4] == "-" and len(header) == len(none) == 6
    assert some[:3] == ["at most 10 %", "0.2500", "50.0 [25.0, 75.0]"] and shipped[:2] == ["in the bundle", "0.7500"]
    told = " ".join(page.texts)
    assert "87.5 % of pairs" in told and "begins with 0123456789abcdef)" in told and "calls wrong" in told
    report["thresholds"]["auroc"] = None
    assert "of pairs" not in sections(report)


def test_preflight_names_what_is_lacking(report):
    _, phone, cpu = Tables(sections(report)).table("Nodes")
    assert phone == ["NNAPI", "1 x any", "3 of 4", "2", "maybe", "Gelu; sizes unknown at 7 nodes"]
    assert cpu[-1] == "nothing"
    assert "at most 0.12 in a logit (random tokens, shapes 1 x 3)" in sections(report)


def test_mistakes_are_shown_as_far_as_there_is_room_and_the_rest_is_counted(report):
    page = Tables(sections(report))
    header, *labels = page.table("Labels that lose examples, most first: 9 of 9; 12 labels are in test.")
    assert (
        header[-1] == "Calls right"
        and len(labels) == 9
        and labels[0] == ["label 0", "9", "0", "10.0 [0.0, 100.0]", "3"]
    )
    _, *confused = page.table(f"Which label is said for which ({TOP} of 11; all in report.json).")
    assert len(confused) == TOP and confused[1] == ["a1", EVIL, "1"]
    assert page.table("Slots")[1] == ["time", "5", "3", "2"]
    assert page.table("Mistakes")[1] == [EVIL, "x", "y (who: a / b) (99%)", "x"]
    told = " ".join(page.texts)
    assert "1,234 of 1,500 calls wrong" in told and "only the teacher 1,000, only this model 66" in told
    assert "-50.0 [-62.5, +25.0] points" in told


def test_what_comes_from_the_data_is_text(report):
    assert "<script" not in sections(report) and html.escape(EVIL) in sections(report)


def test_without_slots_or_mistakes_there_is_no_table_of_them(report):
    report["dataset"]["slots"] = 0
    assert "Calls right" not in Tables(sections(report)).table("Labels")[0]
    report["mistakes"] |= {"labels": [], "confusions": [], "slots": [], "shown": []}
    assert len(Tables(sections(report)).tables) == 3


def test_the_code_is_there_where_there_is_a_bundle(report):
    code = re.search(r"<pre tabindex=\"0\"><code>(.*)</code></pre>", sections(report), re.DOTALL).group(1)
    assert html.unescape(code).splitlines() == report["code"]
    without = sections(report | {"chosen": None, "nearest": "student int8"})
    assert "<pre" not in without and "What student int8 says" in without
