"""CHANGELOG.md is in the form that it names, and its newest entry is of the version that stands here."""

import re

import pytest

from edgelab import __version__
from tools.lock import ROOT
from tools.release_checks import entries

CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_newest_entry_is_this_version_or_what_is_to_come():
    version, date, told = entries(CHANGELOG)[0]
    assert version in ("Unreleased", __version__) and (date is None) == (version == "Unreleased")
    assert re.search(r"^- \S", told, re.MULTILINE)


def test_every_entry_has_the_form():
    assert [line for line in CHANGELOG.splitlines() if line.startswith("# ")] == ["# Changelog"]
    found = entries(CHANGELOG)
    assert len(found) == len(re.findall(r"^## ", CHANGELOG, re.MULTILINE))  # no heading of another form
    for _, _, told in found:
        kinds = re.findall(r"^### (.*)$", told, re.MULTILINE)
        assert kinds and set(kinds) <= KINDS and len(kinds) == len(set(kinds))
    released = [tuple(map(int, version.split("."))) for version, date, _ in found if date]
    assert released == sorted(released, reverse=True) and len(released) >= len(found) - 1


@pytest.mark.parametrize(
    "heading", ["## 1.0.0 - 2026-12-01", "## [1.0.0] 2026-12-01", "## [1.0.0] - soon", "### [1.0.0]"]
)
def test_another_form_is_no_entry(heading):
    assert entries(f"# Changelog\n\n{heading}\n\n- a line\n") == []


def test_entries_end_where_the_next_begins():
    text = "# Changelog\n\n## [Unreleased]\n\n- new\n\n## [0.1.0] - 2026-12-01\n\n### Added\n\n- old\n"
    assert entries(text) == [("Unreleased", None, "- new"), ("0.1.0", "2026-12-01", "### Added\n\n- old")]
