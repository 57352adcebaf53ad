"""Every figure in the notebooks' text has an origin: the notebook's code, a source that is named, or a sum worked out here."""

import copy
import csv
import re

import pytest

from benchmarks.pocket_card import SHARED
from edgelab.course.notebooks import notebooks, read_notebook
from edgelab.workspace import data_home
from tests.prose import ROOT, agree, figures, given, is_given, said
from tests.traced import EXAMPLES, HELD, OWN, WORKED

NOTEBOOKS = {path.stem: read_notebook(path) for path in notebooks()}
with (data_home() / "figures" / "quoted.csv").open(encoding="utf-8", newline="") as file:
    QUOTED = list(csv.DictReader(file))


def texts(name: str) -> list[tuple[int, str]]:
    return [(i, cell.source) for i, cell in enumerate(NOTEBOOKS[name].cells) if cell.cell_type == "markdown"]


def snippets(name: str) -> list[str]:
    """What of a notebook's text is traced by word."""
    found = [row["quoted"] for row in QUOTED if row["notebook"] == name]
    found += [snippet for notebook, snippet in [*WORKED, *HELD] if notebook == name]
    return [*found, *EXAMPLES.get(name, ())]


def untraced(name: str) -> list[str]:
    numbers, known = given(NOTEBOOKS[name], name), snippets(name)
    found = []
    for place, text in texts(name):
        for snippet in known:
            text = text.replace(snippet, " ")
        for _, figure in figures(text):
            if not is_given(figure, numbers):
                found.append(f"{name}, cell {place}: {figure.written} in {figure.around!r}")
    return found


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_number_of_its_text_is_traced(name):
    assert untraced(name) == []


SENTENCE = re.compile(r"(?<=[.?!:])(?<! al\.)\s+|\n")
SOURCE = re.compile(r"\b[Pp]ublish|\b[Rr]eported\b|\]\(https?://")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_number_beside_a_source_is_not_traced_by_chance(name):
    """Where a sentence names a source or says that something was published, code that holds the same number is no origin."""
    found = []
    for place, text in texts(name):
        for snippet in (*snippets(name), *OWN.get(name, ())):
            text = text.replace(snippet, " ")
        for sentence in filter(SOURCE.search, SENTENCE.split(text)):
            found += [f"{name}, cell {place}: {figure.written} in {sentence!r}" for _, figure in figures(sentence)]
    assert found == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_is_traced_stands_there(name):
    """Word for word: what was changed in the text is traced anew."""
    whole = "\n\n".join(text for _, text in texts(name))
    assert [snippet for snippet in (*snippets(name), *OWN.get(name, ())) if snippet not in whole] == []


@pytest.mark.parametrize("row", QUOTED, ids=lambda row: f"{row['notebook'][:2]}: {row['quoted'][:40]}")
def test_a_figure_is_quoted_as_it_was_published_beside_its_source(row):
    """The same number, rounded as the text rounds it; and the notebook's text has the address."""
    published, wanted = [float(number) for number in row["published"].split("; ")], said(row["quoted"])
    for number in published:
        assert any(agree(number, *written) for written in wanted), number
    for written in wanted:
        assert any(agree(number, *written) for number in published) or f"{written[0]:g}" in row["where"], written
    assert all(row.values()) and row["source"].startswith("https://")
    assert f"({row['source']})" in "\n".join(text for _, text in texts(row["notebook"])), (
        "the text does not name the source"
    )


@pytest.mark.parametrize(("name", "snippet"), WORKED)
def test_a_figure_is_what_is_worked_out(name, snippet):
    found, written = WORKED[name, snippet](), said(snippet)
    assert len(found) == len(written), written
    assert [(n, w) for n, w in zip(found, written, strict=True) if not agree(n, *w)] == []


@pytest.mark.parametrize(("name", "snippet"), HELD)
def test_a_figure_that_takes_a_trained_model_is_held_by_another_test(name, snippet):
    file, holds = HELD[name, snippet]
    assert holds in (ROOT / file).read_text("utf-8")


def test_an_untraced_number_is_named():
    """With its notebook, its cell and what stands around it; a change of a digit is enough."""
    name = "03_export"
    kept, NOTEBOOKS[name] = NOTEBOOKS[name], copy.deepcopy(NOTEBOOKS[name])
    try:
        (cell,) = [cell for cell in NOTEBOOKS[name].cells if "335 ms through" in cell.source]
        cell.source = cell.source.replace("335 ms through", "353 ms through")
        assert len(untraced(name)) == 3 and "353 in" in untraced(name)[0]
    finally:
        NOTEBOOKS[name] = kept


def test_the_table_of_quotes_is_that_of_the_reference():
    """What the project's own notes of these sources say, where they are."""
    notes = SHARED.parent / "reference" / "README.md"
    if not notes.exists():
        pytest.skip("the notes are not here")
    text = notes.read_text("utf-8")
    for number in (
        "77.0 vs 79.5",
        "10.28 -> 15.52 s",
        "38.1 -> 35.1 ms",
        "31.5 -> 19.8 ms",
        "97.7 %",
        "91.9 %",
        "84.8 GB/s",
    ):
        assert number in text


YEARS = re.compile(r"\[[^\]]*?(\d{4})\)?\]\(https://arxiv\.org/abs/(\d\d)(\d\d)\.\d+\)")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_work_is_not_older_than_its_preprint(name):
    """The year in a citation against that in its arXiv number: a paper appears in that year or the three after it."""
    for _, text in texts(name):
        for year, shown, _ in YEARS.findall(text):
            assert 0 <= int(year) - (2000 + int(shown)) <= 3, (year, shown)
