"""Declarations are read out of the source; what they cover is exact; the label and the duties are made from them."""

import ast
import re
from pathlib import Path

import pytest

from edgelab.declarations import PLACES, Sent, Stored
from edgelab.privacy.flow import (
    Declared,
    data_flow,
    declared,
    declared_sends,
    declared_stores,
    is_declared,
    read_declared,
)
from edgelab.privacy.label import WORDS, privacy_label
from edgelab.privacy.laws import LOCATIONS, duties
from edgelab.workspace import PACKAGE

KEPT = Stored(what="w", where="{home}/a/*.json", how_long="a day", about="user", part="pocket")


def test_every_declaration_is_of_known_words():
    assert len(declared_stores()) > 10 and len(declared_sends()) > 5
    for entry in declared():
        said = entry.said
        assert said.about in ("nobody", "device", "user") and said.part in ("pocket", "course")
        assert (PACKAGE.parent / Path(*entry.module.split("."))).with_suffix(".py").is_file()
        assert said.what and "\n" not in said.what
        if isinstance(said, Sent):
            assert said.where.strip("{}") in PLACES and set(said.kinds) <= set(WORDS)
            assert (said.about == "user") <= bool(said.kinds)  # of a user: something is told
    assert declared_stores() + declared_sends() == tuple(sorted(declared(), key=lambda e: isinstance(e.said, Sent)))


@pytest.mark.parametrize(
    "wrong",
    [
        "DECLARED = [Stored()]",
        "DECLARED = (Stored('x'),)",
        "DECLARED = (Kept(what='x'),)",
        "DECLARED = (Stored(what='x'),)",
        "DECLARED = (X,)",
        "DECLARED = (Stored(what=f'{x}', where='{home}/x', how_long='', about='', part=''),)",
        "DECLARED = (Stored(what='', where='{nowhere}/x', how_long='', about='', part=''),)",
        "DECLARED = (Stored(what='', where='/tmp/x', how_long='', about='', part=''),)",
    ],
)
def test_what_cannot_be_read_without_running_is_refused(wrong):
    with pytest.raises(ValueError, match="^m: expected DECLARED"):
        read_declared(wrong, "m")


def test_a_package_is_read_without_being_run(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "writes.py").write_text(f"raise SystemExit\nDECLARED = ({KEPT!r},)\n")
    (tmp_path / "other.py").write_text("x = 1\n")
    assert declared(tmp_path) == (Declared(f"{tmp_path.name}.deep.writes", KEPT),)


@pytest.mark.parametrize(
    ("target", "covered"),
    [
        ("/h/a/x.json", True),
        ("/h/a/b/x.json", False),
        ("/h/a/x.jsonl", False),
        ("/h/a/xjson", False),
        ("/other/a/x.json", False),
        ("/h/a/", False),
    ],
)
def test_a_star_stays_within_a_folder(target, covered):
    assert is_declared(KEPT, target, {"home": ["/h"]}) is covered
    assert not is_declared(KEPT, target, {})


def test_two_stars_go_deeper_and_a_place_is_taken_to_the_letter():
    deep = Stored(what="w", where="{home}/a/**", how_long="", about="user", part="pocket")
    assert is_declared(deep, "/h.x/a/b/c", {"home": ["/g", "/h.x"]})
    assert not is_declared(deep, "/hox/a/b/c", {"home": ["/h.x"]})
    sent = Sent(what="w", to="t", where="{cloud}", policy="p", about="user", part="pocket")
    assert is_declared(sent, "127.0.0.1:80", {"cloud": ["127.0.0.1:80"]})
    assert not is_declared(sent, "127.0.0.1:8080", {"cloud": ["127.0.0.1:80"]})


def test_the_table_has_a_row_a_declaration():
    table = data_flow()
    assert len(table) == len(declared()) and {row["does"] for row in table} == {"keeps", "sends"}
    assert all(list(row) == ["module", "does", "what", "about", "where", "how long, or policy"] for row in table)
    assert all(all(row.values()) for row in table)
    pocket, course = data_flow("pocket"), data_flow("course")
    assert pocket and course and len(pocket) + len(course) == len(table)
    (request,) = [row for row in pocket if row["module"] == "routing.assistant"]
    assert request["does"] == "sends" and "EDGELAB_CLOUD_MODEL" in request["where"]


# What writes or sends, by the name of the call; each file with one has declarations, or stands below with the reason.
CALLS = {
    "write_text",
    "write_bytes",
    "write_atomic",
    "savez",
    "urlopen",
    "create_connection",
    "OpenAI",
    "mkdtemp",
    "copyfile",
    "FileLock",
    "export_adapter",
    "sendto",
    "connect",
    "to_csv",
    "to_parquet",
    "retrieve",
    "save_file",
}
BUILT = "into a folder that build_once renames into place, or that the caller names: workspace declares it"
CHOSEN = "a copy of a bundle, into a folder that the notebook names"
PARTS = "into the folder that sweeps.parts declares"
TEMPORARY = "into a temporary folder that is gone with the block"
ELSEWHERE = {
    "bundle.answers": BUILT,
    "bundle.manifest": BUILT,
    "commands.output": "to the null device",
    "course.notebooks": "a notebook that the course's makers tidy",
    "distillation.targets": BUILT,
    "fleet.store": "to the database that fleet.engine declares",
    "generation.texts": BUILT,
    "generation.tuning": BUILT,
    "generation.writing": TEMPORARY,
    "models.storage": BUILT,
    "models.trained": BUILT,
    "personalization.kept": BUILT,
    "personalization.seen": BUILT,
    "privacy.attacks": CHOSEN,
    "privacy.encryption": CHOSEN,
    "privacy.extraction": BUILT,
    "privacy.membership": BUILT,
    "privacy.session": "the fault that an exercise plants, into a folder that the notebook names",
    "privacy.tampering": CHOSEN,
    "privacy.watching": TEMPORARY,
    "quantization.conversion": BUILT,
    "sweeps.run": PARTS,
    "sweeps.score_run": PARTS,
    "sweeps.worker": "to the null device",
    "tiers.ai_hub": BUILT,
}


def writes_or_sends(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    modes = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return name in CALLS or (name == "open" and any(re.fullmatch("[rwaxbt+]*[wax+][rwaxbt+]*", mode) for mode in modes))


def test_every_file_that_writes_or_sends_declares_it_or_says_why_not():
    found = {
        ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
        for file in PACKAGE.rglob("*.py")
        if any(isinstance(n, ast.Call) and writes_or_sends(n) for n in ast.walk(ast.parse(file.read_text("utf-8"))))
    }
    modules = {entry.module.removeprefix("edgelab.") for entry in declared()}
    assert (
        sorted(found - modules - set(ELSEWHERE)) == []
    )  # each needs a DECLARED beside its code (edgelab/declarations.py)
    assert sorted(set(ELSEWHERE) - (found - modules)) == []


def test_the_label_says_what_leaves_and_whose_it_is():
    rows = privacy_label()
    assert all(
        list(row) == ["data", "apple_category", "apple_linked", "google_category", "purpose", "because"] for row in rows
    )
    by_data = {row["data"]: row for row in rows}
    assert by_data["words of requests"]["apple_linked"] == "linked to you"
    assert by_data["words of requests"]["because"] == "edgelab.routing.assistant"
    crashed = by_data["whether it crashed"]
    assert crashed["apple_linked"] == "not linked to you" and crashed["because"] == "edgelab.privacy.telemetry"
    assert len(rows) == 4 and privacy_label(()) == []
    with_device = privacy_label(declared_sends())
    assert {row["because"] for row in with_device} > {"edgelab.fleet.reports"}


def test_each_duty_names_its_article_and_its_source():
    rows = duties()
    assert {row.location for row in rows} == set(LOCATIONS) and len(set(rows)) == len(rows)
    official = re.compile(r"https://(eur-lex\.europa\.eu/eli|leginfo\.legislature\.ca\.gov|www\.edpb\.europa\.eu)/")
    of_law = {
        "GDPR": "(Article|Recital|EDPB Opinion) [0-9]",
        "ePrivacy Directive": "Article",
        "CCPA": "Section 1798",
        "EU AI Act": "Article",
    }
    for row in rows:
        assert official.match(row.source) and re.match(of_law[row.law], row.article) and row.duty and row.applies_when
        section = re.match(r"Section (1798\.\d+)", row.article)
        assert not section or row.source.endswith(f"sectionNum={section[1]}")
    assert duties("cloud") == tuple(row for row in rows if row.location == "cloud") != rows
    with pytest.raises(ValueError, match="expected one of device, cloud"):
        duties("moon")
