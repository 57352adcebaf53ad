"""The browser's sources by their own tools: types, style, unit tests; and the table of characters."""

import subprocess
from pathlib import Path

import pytest

from edgelab.machine.assets import find_node

SOURCES = Path(__file__).parents[2] / "web"


@pytest.mark.browser
def test_types_style_and_unit_tests(web):
    done = subprocess.run([*find_node().npm, "run", "check"], cwd=web, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fail 0" in done.stdout


def test_the_table_of_characters_is_the_librarys():
    from tools.unicode_tables import written

    assert (SOURCES / "src" / "runtime" / "unicode.ts").read_text("utf-8") == written()
