"""The book's sources, laid out as the repository has them, so that its files' links to each other hold."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from book import frontier
from book.answers import with_answers
from book.executed import read_executed
from book.widgets import without_widgets
from edgelab import workspace
from edgelab.course import scoreboard
from edgelab.course.notebooks import COURSE, course_folder
from edgelab.machine.assets import ORT, build_assets
from edgelab.workspace import Artifact, data_home

HERE = Path(__file__).parent
# What the repository says beside its notebooks: a page each, where it is there.
TEXTS = ("README.md", "notebooks/INSTRUCTORS.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")
CARDS = ("data/pocket/README.md", "data/pocket/GUIDELINES.md", "data/figures/README.md")
BESIDE = (
    "LICENSE",
    "data/pocket/LICENSE",
    "CITATION.cff",
    "benchmarks/public_test_hashes.txt",
    "data/course_times.csv",
    "book/screenshot.jpg",
)


FRONTIER = (
    "How small can the model get before quality goes? What the notebooks measured while this book was made, on Pocket's "
    "test set: up and to the left is better, and the bars are 95 % intervals. A blue model is the most accurate of all "
    "that are as small; the time under its name is the median of one request, text in, call out, on one thread."
)


def lay_out(executed: Mapping[str, Artifact], folder: Path) -> None:
    """Write all of the book's sources into this folder, which must not be there."""
    root = course_folder()
    for name in (*TEXTS, *CARDS, *BESIDE, *(f"book/{page.name}" for page in HERE.glob("*.md") if page.stem != "index")):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, folder / name)
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    for name, artifact in executed.items():
        nbformat.write(readable(read_executed(artifact), artifact), folder / "notebooks" / f"{name}.ipynb")
    for name in ("static", "templates"):
        shutil.copytree(HERE / name, folder / f"_{name}")
    shutil.copyfile(HERE / "conf.py", folder / "conf.py")
    lay_live(folder / "_extra" / "live")
    (folder / "index.md").write_text(front_page(executed, folder), "utf-8")


def readable(notebook: NotebookNode, artifact: Artifact) -> NotebookNode:
    """An executed notebook to read without a kernel: what was live as it stood, the course's answers folded away."""
    host = notebook.metadata.pop("edgelab")["host"]
    told = f"Run on {artifact.built_at[:10]} in {artifact.seconds:.0f} s, on {host}."
    how = "No exercise is done here: each goes on with the course's own answer, which opens below it."
    answered = with_answers(without_widgets(without_places(notebook)))
    for cell in answered.cells:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = named_headers(output.data["text/html"])
    answered.cells.insert(1, new_markdown_cell(f"*{told} {how}*"))
    return answered


def without_places(notebook: NotebookNode) -> NotebookNode:
    """The same without the folders of the machine that made the book: a user's name is often one of them."""
    text = nbformat.writes(notebook)
    for place, name in ((workspace.home(), "artifacts"), (course_folder(), "edgelab"), (Path.home(), "~")):
        text = text.replace(json.dumps(str(place))[1:-1], name) if len(place.parts) > 1 else text
    return nbformat.reads(text, as_version=4)


def named_headers(table: str) -> str:
    """A table of pandas without the empty headers in its corner: they are cells, which need no name."""
    return re.sub(r"<th\b([^>]*)>(\s|&nbsp;)*</th>", r"<td\1></td>", table)


def lay_live(folder: Path) -> None:
    """The files of the live page: its script, ONNX Runtime and the ready-made bundle."""
    built = build_assets(print)
    folder.mkdir(parents=True)
    for name in ("live.js", *ORT):
        shutil.copyfile(built / name, folder / name)
    shutil.copytree(data_home() / "bundles" / "pocket", folder / "pocket")


def front_page(executed: Mapping[str, Artifact], folder: Path) -> str:
    """`index.md` with the README's first paragraph, the frontier and the lists of pages. Draws the figure beside it."""
    parts = {
        "what": first_paragraph((folder / "README.md").read_text("utf-8")),
        "frontier": frontier_section(folder),
        "notebooks": notebook_table(executed),
        "course": "\n".join(f"notebooks/{name}" for name in executed),
        "texts": "\n".join(
            f"Set up and use <{page}>" if page == TEXTS[0] else page
            for page in (*TEXTS[:1], *book_pages(folder), *TEXTS[1:], *CARDS)
            if (folder / page).exists()
        ),
    }
    text = (HERE / "index.md").read_text("utf-8")
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    return text


def book_pages(folder: Path) -> list[str]:
    """The book's own pages but the live one, which stands first."""
    return sorted(f"book/{page.name}" for page in (folder / "book").glob("*.md") if page.stem != "live")


def first_paragraph(readme: str) -> str:
    """What the README says first, below its title."""
    return re.sub(r"^# .*\n+", "", readme).partition("\n\n")[0]


def frontier_section(folder: Path) -> str:
    """The figure, and its numbers; a sentence where no notebook has put a model on the scoreboard."""
    rows = frontier.shown(scoreboard.rows())
    if not rows:
        return "No notebook of this book has put a model on the scoreboard yet."
    frontier.write(rows, folder)
    alt = frontier.in_words(rows)
    pictures = [
        f":::{{image}} frontier_{theme}.png\n:class: only-{theme}\n:alt: {alt}\n:::" for theme in ("light", "dark")
    ]
    return "\n\n".join([FRONTIER, *pictures, frontier_table(rows)])


def frontier_table(rows: list[scoreboard.Row]) -> str:
    """Every model of the figure, as Markdown; those on the front in bold."""
    first = frontier.front(rows)
    lines = ["| model | accuracy, test | bundle, MB | median, ms | measured in |", "|---|---:|---:|---:|---|"]
    for row in rows:
        name = f"**{frontier.name(row)}**" if row in first else frontier.name(row)
        took = frontier.median(row)
        cells = (name, f"{frontier.interval(row):.3f}", f"{frontier.megabytes(row):.3f}", f"{took:.2f}", row.notebook)
        lines.append(f"| {' | '.join(cells)} |")
    hosts = ", ".join(sorted({f"{row.host}, {row.measured_at}" for row in rows}))
    return "\n".join(
        ["<details><summary>The same as a table</summary>", "", *lines, "", f"Measured on: {hosts}.", "", "</details>"]
    )


def notebook_table(executed: Mapping[str, Artifact]) -> str:
    """What each notebook decides, and how long it took: yours by the count, the machine's by this book's own run."""
    lines = [
        "| notebook | the decision at its end | path | your minutes | run for this book, s |",
        "|---|---|---|---:|---:|",
    ]
    for name, decision, path, minutes in COURSE:
        if name in executed:
            link = f"[{name}](notebooks/{name}.ipynb)"
            lines.append(f"| {link} | {decision} | {path} | {minutes} | {executed[name].seconds:.0f} |")
    return "\n".join(lines)
