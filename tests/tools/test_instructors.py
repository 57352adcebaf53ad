"""notebooks/INSTRUCTORS.md: its minutes add up from the counted ones, each prediction has its sentence, each wrong answer is
one that a check knows, and the tables are as they would be made."""

import re
import sys
from dataclasses import replace

import pytest

from benchmarks import learners
from edgelab.course.notebooks import COURSE, notebooks, read_notebook
from tests.notebook_counts import count
from tools import instructors, plans
from tools.plans import Done, Plan, Room, Shown, Talk
from tools.said import SAID
from tools.sections import PROMISED, all_sections, exercise_minutes

TEXT = instructors.file().read_text("utf-8")
NAMES = [name for name, *_ in COURSE]
# What the learner writes takes three to eight minutes: as the promise of a notebook is counted, with the same leeway.
LEAST, MOST = 3 * 0.8, 8 * 1.2


def part(name: str) -> str:
    return next(found[0] for found in instructors.PART.finditer(TEXT) if found["name"] == name)


def rows(text: str) -> list[list[str]]:
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines if not re.match(r"\s*-+\s*$", line[0])]


def test_the_tables_are_as_they_would_be_made():
    assert instructors.render(TEXT) == TEXT, "run `python -m tools.instructors`"
    asked = [found["name"] for found in instructors.PART.finditer(TEXT)]
    assert sorted(asked) == sorted(instructors.made()) and len(set(asked)) == len(asked)


@pytest.mark.parametrize("name", NAMES)
def test_sections_add_up_to_the_notebook(name):
    found = all_sections()[name]
    path = next(path for path in notebooks() if path.stem == name)
    counted = count(read_notebook(path), instructors.registry(name))
    assert sum(section.minutes for section in found) == PROMISED[name]
    assert sum(section.words for section in found) == counted.words
    assert sum(len(section.exercises) for section in found) == counted.exercises
    assert LEAST <= exercise_minutes(name) <= MOST
    for section in found:
        exact = section.words / 200 + exercise_minutes(name) * len(section.exercises)
        assert abs(section.minutes - exact) < 1
        assert set(section.exercises) <= set(instructors.registry(name).exercises)


@pytest.mark.parametrize("plan, name", [(plans.HALF_DAY, "half day"), (plans.FULL_DAY, "full day")])
def test_a_days_minutes_add_up_on_paper(plan, name):
    told = rows(part(name))[1:]
    at = [60 * int(clock[:2]) + int(clock[3:]) for clock, *_ in told]
    minutes = [int(row[1]) for row in told]
    assert [b - a for a, b in zip(at, at[1:], strict=False)] == minutes[:-1]
    assert sum(minutes) == plan.minutes and f"**{plan.minutes} minutes**" in part(name)
    breaks = [minutes for _, minutes, _, what in told if what in ("Break", "Lunch")]
    assert breaks
    room = next(minutes for block, minutes in plans.timed(plan) if isinstance(block, Room))
    assert room >= plan.minutes / 12  # a plan without air is none


@pytest.mark.parametrize("plan", [plans.HALF_DAY, plans.FULL_DAY])
def test_nobody_works_long_without_a_break(plan):
    stretch = longest = 0
    for block, minutes in plans.timed(plan):
        rest = isinstance(block, Talk) and block.what in ("Break", "Lunch")
        stretch = 0 if rest else stretch + minutes
        longest = max(longest, stretch)
    assert longest <= 130


def test_six_weeks_are_the_whole_core_path_and_the_electives():
    blocks = [block for plan in plans.WEEKS for block in plan.blocks if isinstance(block, Done | Shown)]
    every = {name: {s.number for s in found if "Optional" not in s.title} for name, found in all_sections().items()}
    done: dict[str, list[str]] = {}
    for block in (*blocks, *plans.HOME):
        assert isinstance(block, Done) and not block.without
        done.setdefault(block.notebook, []).extend(block.sections)
    assert {name: sorted(found) for name, found in done.items()} == {name: sorted(all_) for name, all_ in every.items()}
    optional = sum(s.minutes for found in all_sections().values() for s in found if "Optional" in s.title)
    assert sum(block.minutes for block in (*blocks, *plans.HOME)) == sum(PROMISED.values()) - optional
    for plan in plans.WEEKS:
        assert sum(minutes for _, minutes in plans.timed(plan)) == plan.minutes == plans.WEEKLY
        assert dict(plans.timed(plan))[Room()] >= 5


def test_what_is_used_and_what_is_left_out_is_everything():
    for plan in (plans.HALF_DAY, plans.FULL_DAY):
        left = plans.left_out(plan.blocks)
        for notebook, names in left.items():
            used = [
                s for b in plan.blocks if isinstance(b, Done | Shown) and b.notebook == notebook for s in b.sections
            ]
            assert len(used) == len(set(used)), f"{notebook}: a section twice"
            titles = {section.title for section in plans.chosen(notebook, tuple(used))}
            skipped = {name for name in names if not name.startswith("`")}
            assert titles | skipped == {section.title for section in all_sections()[notebook]}
            assert not titles & skipped
        for block in plan.blocks:
            if isinstance(block, Done):
                theirs = {
                    name for section in plans.chosen(block.notebook, block.sections) for name in section.exercises
                }
                assert set(block.without) <= theirs and theirs - set(block.without)


@pytest.mark.parametrize("plan", [plans.HALF_DAY, plans.FULL_DAY])
def test_sections_come_in_the_notebooks_order(plan):
    """A later section, shown first, would give away what learners are to write in an earlier one."""
    for notebook in plans.left_out(plan.blocks):
        order = [section.number for section in all_sections()[notebook]]
        used = [s for b in plan.blocks if isinstance(b, Done | Shown) and b.notebook == notebook for s in b.sections]
        assert used == sorted(used, key=order.index), notebook


def test_a_plan_that_does_not_add_up_is_refused():
    talk = Talk(50, "a talk")
    for blocks in ((talk, talk), (talk, talk, Room()), (talk,)):
        with pytest.raises(ValueError, match="expected blocks of 60 minutes, found"):
            plans.timed(Plan("too long or too short", (9, 0), 60, blocks))
    assert plans.timed(Plan("fits", (9, 0), 60, (talk, Room())))[-1][1] == 10
    with pytest.raises(ValueError, match="found no such"):
        plans.chosen("00_start_here", ("no such",))


@pytest.mark.parametrize("name", NAMES)
def test_every_prediction_has_its_sentence(name):
    asked = {guess for section in all_sections()[name] for guess in section.predictions}
    assert asked <= set(SAID[name])
    # What is asked in 00 comes later: there it is said, too.
    opened = {guess for section in all_sections()["00_start_here"] for guess in section.predictions}
    assert set(SAID[name]) - asked <= opened
    source = "".join(
        "".join(cell["source"]) for cell in read_notebook(instructors.course_folder() / f"notebooks/{name}.ipynb").cells
    )
    for guess in set(SAID[name]) - asked:
        assert re.search(rf'reveal\(\s*"{guess}"', source)
    for guess, (tempting, say) in SAID[name].items():
        assert tempting and say.endswith((".", "?")) and len(say) < 130, guess
    told = [row for row in rows(part(f"sheet {name}")) if len(row) == 5][1:]
    assert [row[0] for row in told] == [f"`{guess}`" for guess in SAID[name]]


@pytest.mark.parametrize("name", NAMES)
def test_each_wrong_answer_is_one_that_a_check_knows(name):
    known = {
        (exercise, mistake.name, mistake.hint)
        for exercise, found in instructors.registry(name).exercises.items()
        for mistake in found.mistakes
    }
    quoted, exercise = set(), ""
    for first, they_wrote, say in (row for row in rows(part(f"sheet {name}")) if len(row) == 3):
        exercise = first.strip("`") or exercise
        quoted.add((exercise, they_wrote.replace("\\|", "|"), say.replace("\\|", "|")))
    quoted.discard(("exercise", "they wrote", "say"))
    assert quoted <= {(e, n.replace("\n", " "), h.replace("\n", " ")) for e, n, h in known}
    assert {e for e, _, _ in quoted} == set(instructors.registry(name).exercises)


def test_its_links_and_commands_are_there(capsys):
    from edgelab import cli

    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(#([\w-]+)\)", TEXT):
        assert target in headings, target
    for file in re.findall(r"`(tools/\w+\.py)`", TEXT):
        assert (instructors.course_folder() / file).is_file()
    for option in re.findall(r"`[^`\n]*edgelab lab (--\w+)[^`\n]*`", TEXT):
        assert cli.main(["lab", "--help"]) == 0 and option in capsys.readouterr().out


def test_what_learners_take_is_written_down_and_read_back(tmp_path):
    one = learners.Learner("01_x", 2, 1, 500.0, 400.0, 12.5, 30.0, 900.0, "a processor, 2 cores", "2026-11-30")
    two = replace(one, kernel=2, peak_pss_mb=450.0, cpu_s=11.5)
    file = tmp_path / "learners.csv"
    learners.keep(file, [one, two])
    assert learners.read(file) == [one, two]
    assert learners.summed([one, two]) == ["01_x", "2", "500", "900", "450", "12", "30"]
    other, again = replace(one, at_once=1), replace(one, cpu_s=99.0)
    learners.keep(file, [other])
    learners.keep(file, [again])  # in place of both: they ran together
    assert learners.read(file) == [other, again]


def test_kernels_at_once_are_watched(tmp_path, monkeypatch):
    """Two real ones, of a notebook that takes 30 MB and a second of the processor."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    work = "import time; kept = bytearray(30_000_000); end = time.process_time() + 1\nwhile time.process_time() < end: pass\ntime.sleep(2)"
    nbformat.write(new_notebook(cells=[new_code_cell(work)]), tmp_path / "01_x.ipynb")
    found = learners.run_at_once(tmp_path / "01_x.ipynb", 2)
    assert [each.kernel for each in found] == [1, 2]
    assert all(each.cpu_s >= 1 and each.wall_s >= 3 and each.host for each in found)
    if sys.platform == "linux":
        assert all(each.peak_pss_mb > 30 for each in found)
        assert found[0].all_peak_mb > max(each.peak_pss_mb for each in found)
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), tmp_path / "01_x.ipynb")
    with pytest.raises(SystemExit, match="01_x: CellExecutionError"):
        learners.run_at_once(tmp_path / "01_x.ipynb", 1)
