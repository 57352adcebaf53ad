"""The book's parts, without a browser: what runs and is kept, what stands in a widget's place, the front page, the README."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

import book.__main__ as command
from benchmarks.pocket_card import section
from book import executed, frontier, pages, readme, site
from book.answers import with_answers
from book.widgets import STATE, VIEW, without_widgets
from edgelab.course import prediction, scoreboard
from edgelab.course.notebooks import notebooks, read_notebook
from tests.notebook_lint import exercises

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty one, with the environment put back afterwards."""
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    for name in executed.NOT_THE_COURSES:
        monkeypatch.setenv(name, "x")
    return tmp_path / "home"


def toy(folder: Path, name: str, *sources: str) -> Path:
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    return path


# --- run, and kept ------------------------------------------------------------------------------


def test_a_failed_notebook_is_named_and_the_others_are_kept(home, tmp_path, capsys):
    executed.use_own_home()
    good, bad, last = (
        toy(tmp_path, "01_good", "print(2 * 21)"),
        toy(tmp_path, "02_bad", "1", "1 / 0"),
        toy(tmp_path, "03_last", "'the last'"),
    )
    with pytest.raises(
        executed.NotebookFailed, match=r"1 of 3 notebooks failed: 02_bad.ipynb: cell 2: ZeroDivisionError"
    ):
        command.run_all([good, bad, last])
    capsys.readouterr()
    found = command.run_all([good, last])
    assert [made.loaded for made in found.values()] == [True, True]
    assert executed.read_executed(found["01_good"]).cells[0].outputs[0].text == "42\n"
    assert capsys.readouterr().err.splitlines() == ["[1/2] 01_good: run before", "[2/2] 03_last: run before"]
    toy(tmp_path, "01_good", "print(2 * 22)")
    assert not command.run_all([good])["01_good"].loaded


def test_an_interruption_keeps_what_has_run(home, tmp_path):
    executed.use_own_home()
    first, second = toy(tmp_path, "01_first", "1"), toy(tmp_path, "02_second", "1", "2")

    def stop(cell, cells, seconds):
        if cell == 2:
            raise KeyboardInterrupt

    executed.execute(first, "course", stop)
    with pytest.raises(KeyboardInterrupt):
        executed.execute(second, "course", stop)
    assert [entry.name.split("-")[1] for entry in (home / "built").glob("executed-*")] == ["01_first"]
    assert not list((home / "built").glob(".*.scratch"))


def test_nothing_of_a_learners_is_published(home):
    """Guesses and scoreboard are the book's own; what is large is shared; no other data or model is asked for."""
    prediction.record("retention", 99)
    own = executed.use_own_home()
    assert own == home / "book" and prediction.guesses() == {} and scoreboard.rows() == []
    assert (own / "built").resolve() == home / "built" and (own / "downloads").resolve() == home / "downloads"
    assert not set(executed.NOT_THE_COURSES) & os.environ.keys()


def test_any_change_of_the_course_runs_it_anew(tmp_path, monkeypatch):
    for name in ("requirements.lock", "data/x.csv", "edgelab/a.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(executed, "course_folder", lambda: tmp_path)
    seen = {executed.course_digest()}
    for name in ("requirements.lock", "data/x.csv", "edgelab/a.py"):
        (tmp_path / name).write_text("y")
        seen.add(executed.course_digest())
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "11_magic"], "11_magic: expected one of 00_start_here, 01_distillation"),
        (["--only", "00_start_here", "--out", str(ROOT / "data")], "expected a folder that is not there yet"),
    ],
)
def test_wrong_input_is_one_line(arguments, told, home, capsys):
    """Before anything runs."""
    assert command.main(arguments) == 2
    assert told in capsys.readouterr().err.splitlines()[-1] and not home.exists()


# --- pages --------------------------------------------------------------------------------------


def shown(widget) -> str:
    """What stands in this widget's place."""
    import ipywidgets

    view = new_output("execute_result", {VIEW: {"model_id": widget.model_id}, "text/plain": "x"})
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[view])])
    notebook.metadata["widgets"] = {STATE: ipywidgets.Widget.get_manager_state()}
    nbformat.validate(notebook)
    still = without_widgets(nbformat.from_dict(notebook))
    assert "widgets" not in still.metadata
    return "".join(output.data["text/html"] for output in still.cells[0].outputs)


def test_an_explorer_stands_as_it_first_stood():
    import pandas as pd

    from edgelab.course.explorer import explorer, menu, slider
    from edgelab.course.plots import figure

    def draw(temperature, who):
        return figure()[0], f'at T = {temperature} "{who}" & <more>', pd.DataFrame({"x": [temperature]})

    still = shown(explorer([slider("temperature", 2, 1, 8, 0.5), menu("who", ["a<b", "c"])], draw))
    assert "It stands at temperature = 2.0; who = a&lt;b." in still
    assert 'alt="at T = 2.0 &quot;a&lt;b&quot; &amp; &lt;more&gt;"' in still and "data:image/png;base64,iVBOR" in still
    assert "<table" in still and "<td>2.0</td>" in still


def test_a_guess_is_a_question_and_a_progress_bar_is_gone(at_home):
    import ipywidgets

    asked = shown(prediction.predict("toy", "a <small> one keeps", unit="%", low=0, high=100))
    assert "Your guess first:</strong> a &lt;small&gt; one keeps (%, 0 to 100)" in asked and "50" not in asked
    assert shown(ipywidgets.HBox([ipywidgets.HTML("training"), ipywidgets.FloatProgress(value=1)])) == ""


def test_a_model_in_the_browser_leads_to_the_live_page(pocket):
    from edgelab.tiers.browser import BrowserBundle

    assert "../book/live.html" in shown(BrowserBundle(pocket, None))


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_every_exercise_has_its_answer_folded_below_it(path):
    notebook = read_notebook(path)
    answered = with_answers(notebook)
    folded = [re.search(r"<code>(\w+)</code>", cell.source)[1] for cell in answered.cells if "<details" in cell.source]
    assert folded and folded == list(dict.fromkeys(exercises(notebook)))
    assert len(answered.cells) == len(notebook.cells) + len(folded)
    for name, cell in zip(folded, (c for c in answered.cells if "<details" in c.source), strict=True):
        assert re.search(rf"```python\n.*\b{name}\b", cell.source, re.DOTALL)


def test_the_folders_of_the_machine_are_not_published(home):
    executed.use_own_home()
    told = new_output("stream", text=f"{home / 'book' / 'built'} {ROOT / 'data'} {Path.home() / 'x'}")
    clean = pages.without_places(new_notebook(cells=[new_code_cell("x", outputs=[told])]))
    assert clean.cells[0].outputs[0].text == f"artifacts/built edgelab/data {Path('~/x')}"


def test_a_tables_corner_is_no_header():
    table = '<tr><th class="blank">&nbsp;</th><th></th><th id="a">x</th></tr>'
    assert pages.named_headers(table) == '<tr><td class="blank"></td><td></td><th id="a">x</th></tr>'


# --- the front page -----------------------------------------------------------------------------


def row(model: str, accuracy: float, mb: float, **changes) -> scoreboard.Row:
    values = {"notebook": "01", "model": model, "precision": "fp32", "runtime": "onnxruntime", "data": "pocket"}
    values |= {"split": "test", "accuracy": accuracy, "accuracy_low": accuracy - 0.02, "accuracy_high": accuracy + 0.02}
    values |= {"slot_exact_match": None, "size_bytes": round(mb * 1e6), "latency_ms": (1.0, 2.0, 9.0), "host": "h"}
    return scoreboard.Row(**(values | {"measured_at": "2026-11-30"} | changes))


ROWS = [row("large", 0.93, 90), row("beaten", 0.85, 20), row("small", 0.90, 0.3), row("near", 0.903, 0.4)]


def test_the_frontier_is_what_no_smaller_one_equals():
    found = frontier.shown(
        [
            *ROWS,
            row("other", 0.97, 0.1, data="clinc150"),
            row("early", 0.97, 0.1, split="validation"),
            row("with a cloud", 0.97, 0.1, notebook="04_routing"),
        ]
    )
    assert [r.model for r in frontier.front(found)] == ["small", "near", "large"]
    assert [r.model for r in frontier.named(frontier.front(found))] == ["small", "large"]
    assert "small, fp32: 0.900 [0.880, 0.920] in 0.3 MB; large, fp32" in frontier.in_words(found)
    table = pages.frontier_table(found)
    assert "| **small, fp32** | 0.900 [0.880, 0.920] | 0.300 | 2.00 | 01 |" in table and "| beaten, fp32 |" in table


def test_the_figure_is_read_on_dark_and_on_light(tmp_path):
    from matplotlib.colors import to_rgb
    from matplotlib.text import Text

    def contrast(one, other):
        def light(colour):
            parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05

        lighter, darker = sorted((light(one), light(other)), reverse=True)
        return lighter / darker

    drawn = frontier.draw(frontier.shown(ROWS))
    for paper, change in (("white", lambda figure: figure), (frontier.PAPER, frontier.darken)):
        (axes,) = change(drawn).axes
        words = [text for text in axes.findobj(Text) if text.get_text()]
        assert len(words) > 10 and min(contrast(text.get_color(), paper) for text in words) >= 4.5
        assert min(contrast(line.get_color(), paper) for line in axes.lines) >= 3
    frontier.write(frontier.shown(ROWS), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"frontier_light.png", "frontier_dark.png"}


def small_site(executed, folder):
    folder.mkdir()
    (folder / "conf.py").write_text("html_theme = 'basic'")
    (folder / "index.rst").write_text("A book\n======\n\nOf one page.\n")


def test_a_new_site_takes_the_place_of_its_own_files_alone(tmp_path, monkeypatch):
    """Such as a branch to publish from, with its history; or somebody else's site by Sphinx, which has a `.buildinfo`, too."""
    monkeypatch.setattr(site, "lay_out", small_site)
    out = tmp_path / "book"
    site.build_site({}, out)
    site.build_site({}, out)
    assert "Of one page" in (out / "index.html").read_text() and list(tmp_path.iterdir()) == [out]
    for name in (".git/HEAD", "CNAME"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
        with pytest.raises(site.BookError, match=f"book: expected an earlier book and nothing else, found {name}"):
            site.build_site({}, out)
        assert (out / name).read_text() == "mine"
        (out / name).unlink()
    (out / site.OWN).unlink()
    with pytest.raises(site.BookError, match="found something else"):
        site.build_site({}, out)
    assert (out / "index.html").exists()


@pytest.mark.parametrize("place", ["/", "file", "file/below", "loop", "n" * 300, "/proc/book", "foreign"])
def test_an_odd_place_is_refused_before_anything_runs(tmp_path, home, capsys, place):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / ".buildinfo").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert command.main(["--only", "00_start_here", "--out", str(tmp_path / place)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected a folder that is not there yet" in line or "no book can be made there" in line
    assert sorted(tmp_path.rglob("*")) == before and not home.exists()


def test_a_link_leads_to_the_site_and_stays(tmp_path, monkeypatch, home):
    monkeypatch.setattr(site, "lay_out", small_site)
    monkeypatch.setattr(command, "run_all", lambda paths: {})
    monkeypatch.setattr(command, "use_own_home", lambda: home)
    (tmp_path / "link").symlink_to("real")
    for _ in range(2):
        assert command.main(["--out", str(tmp_path / "link")]) == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "index.html").is_file()


def test_a_site_that_cannot_be_made_leaves_the_old_one(tmp_path, monkeypatch):
    old = tmp_path / "book"
    old.mkdir()
    (old / site.OWN).write_text(f"{site.OWN}\n")

    def lay_out(executed, folder):
        folder.mkdir()
        (folder / "conf.py").write_text("raise RuntimeError")

    monkeypatch.setattr(site, "lay_out", lay_out)
    with pytest.raises(site.BookError, match="Sphinx could not make the book"):
        site.build_site({}, old)
    assert [file.name for file in old.iterdir()] == [site.OWN] and list(tmp_path.iterdir()) == [old]


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def lay_out(executed, folder):
        folder.mkdir()
        raise OSError(28, "No space left on device", str(folder))

    monkeypatch.setattr(site, "lay_out", lay_out)
    with pytest.raises(site.BookError, match="book: no space left there for the book"):
        site.build_site({}, tmp_path / "book")
    assert list(tmp_path.iterdir()) == []


# --- the README ---------------------------------------------------------------------------------


def test_the_readmes_tables_are_those_of_committed_data():
    """Else: `python -m book.readme`."""
    assert section(README, "notebooks").strip() == readme.notebooks_table()
    assert section(README, "peers").strip() == readme.peers_table()


def test_the_readme_begins_with_three_sentences_and_a_small_picture():
    what = " ".join(pages.first_paragraph(README).split())
    assert len(re.findall(r"[.](?= [A-Z]|$)", what)) == 3
    picture = ROOT / re.search(r"!\[[^\]]+\]\(([^)]+)\)", README)[1]
    assert 10_000 < picture.stat().st_size < 200_000


def test_every_link_of_the_pages_leads_somewhere():
    """The front page is laid one folder higher than it stands."""
    for page in (ROOT / "README.md", *(ROOT / "book").glob("*.md")):
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
        targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", prose)
        folder = ROOT if page.stem == "index" else page.parent
        assert [target for target in targets if not (folder / target).exists()] == [], page
