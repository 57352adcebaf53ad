"""The tables of notebooks/INSTRUCTORS.md, made anew: minutes, plans, predictions, common wrong answers, what learners take.

python -m tools.instructors           after a change of a notebook, a check, a plan, or of what was measured
python -m tools.instructors --check   says whether they are as they would be made; exit code 1 where not
"""

import csv
import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import learners
from edgelab.course.exercises import Checks
from edgelab.course.notebooks import COURSE, course_folder
from edgelab.workspace import data_home, write_atomic
from tools.plans import FULL_DAY, HALF_DAY, HOME, WEEKS, Block, Done, Plan, Room, Shown, Talk, chosen, left_out, timed
from tools.said import SAID
from tools.sections import all_sections, exercise_minutes

PEOPLE, CORES = 40, 16  # of the computed example
FIRST_MISTAKES = 3  # of each exercise: the checks know many more
ROOMS = ("course", "distillation", "quantization", "export", "routing", "measurement", "tiers", "personalization",
         "generation", "privacy", "selection")  # fmt: skip
ROOM_OF = {name: room for (name, *_), room in zip(COURSE, ROOMS, strict=True)}
PART = re.compile(r"(<!-- made: (?P<name>.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def file() -> Path:
    """The text for teachers."""
    return course_folder() / "notebooks" / "INSTRUCTORS.md"


def table(head: list[str], rows: list[list[str]]) -> str:
    """In Markdown."""
    lines = [
        head,
        ["---"] * len(head),
        *([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows_of(name: str) -> list[dict[str, str]]:
    """A table of `data/`; nothing where there is none yet."""
    path = data_home() / name
    return list(csv.DictReader(path.open(encoding="utf-8", newline=""))) if path.exists() else []


def measured_on(rows: list[dict[str, str]]) -> str:
    """Where and when."""
    return "; ".join(dict.fromkeys(f"{row['host']}, {row['date']}" for row in rows)) or "not measured yet"


# --- minutes and plans --------------------------------------------------------------------------


def times() -> str:
    """Every notebook: the learner's minutes, those of one exercise, the machine's seconds and memory."""
    measured = {row["notebook"]: row for row in rows_of("course_times.csv")}
    rows = []
    for name, _, path, minutes in COURSE:
        row = measured.get(name, {})
        machine = [row.get(key, "-") for key in ("cold_s", "warm_s", "peak_mb")]
        rows.append([f"`{name}`", path, str(minutes), f"{exercise_minutes(name):.0f}", *machine])
    head = ["notebook", "path", "learner, min", "each exercise, min", "machine cold, s", "warm, s", "peak, MB"]
    return f"{table(head, rows)}\n\nThe machine: {measured_on(list(measured.values()))}."


def day(plan: Plan) -> str:
    """A plan with its clock, and what it leaves out."""
    at, rows = plan.start[0] * 60 + plan.start[1], []
    for block, minutes in timed(plan):
        rows.append([f"{at // 60:02}:{at % 60:02}", str(minutes), *_told(block)])
        at += minutes
    names = dict.fromkeys(block.notebook for block in plan.blocks if isinstance(block, Done | Shown))
    return "\n\n".join(
        [
            table(["at", "min", "how", "what"], rows),
            f"Together **{plan.minutes} minutes**, to {at // 60:02}:{at % 60:02}. {_machine(list(names))}",
            _left(left_out(plan.blocks)),
        ]
    )


def _told(block: Block) -> list[str]:
    """How, and what."""
    if isinstance(block, Talk | Room):
        return ["", block.what]
    found = chosen(block.notebook, block.sections)
    titles = "; ".join(section.title for section in found)
    if isinstance(block, Shown):
        guesses = [f"`{name}`" for section in found for name in section.predictions]
        return ["shown", f"`{block.notebook}`: {titles}" + (f" (ask: {', '.join(guesses)})" if guesses else "")]
    names = [f"`{name}`" for section in found for name in section.exercises if name not in block.without]
    return ["**done**", f"`{block.notebook}`: {titles}" + (f" (write: {', '.join(names)})" if names else "")]


def _machine(names: list[str]) -> str:
    """What the machine takes for these notebooks, warm."""
    warm = {row["notebook"]: float(row["warm_s"]) for row in rows_of("course_times.csv")}
    if missing := [name for name in names if name not in warm]:
        return f"(The machine's seconds of {', '.join(f'`{name}`' for name in missing)} are not measured yet.)"
    return (
        f"To run all of these notebooks the machine takes {sum(warm[name] for name in names) / 60:.1f} minutes, warm."
    )


def _left(left: dict[str, tuple[str, ...]]) -> str:
    lines = [f"- `{notebook}`: {'; '.join(names)}" for notebook, names in left.items() if names]
    if whole := [f"`{each[0]}`" for each in COURSE if each[0] not in left]:
        lines.append(f"- as a whole: {', '.join(whole)}")
    return "\n".join(["Left out, for afterwards:", "", *lines])


def six_weeks() -> str:
    """What is done together, and what at home."""
    rows = []
    for plan, home in zip(WEEKS, (*HOME, None), strict=True):
        together = "; ".join(
            f"{_told(block)[1].partition(' (')[0]} ({minutes})" if isinstance(block, Talk | Room) else _brief(block)
            for block, minutes in timed(plan)
        )
        rows.append(
            [plan.title, str(plan.minutes), together, _brief(home) if home else "-", str(home.minutes if home else 0)]
        )
    total = f"Together {sum(plan.minutes for plan in WEEKS)} minutes, at home {sum(home.minutes for home in HOME)}."
    return f"{table(['week', 'min', 'together', 'at home', 'min'], rows)}\n\n{total}\n\n{_left(left_out(_all_weeks()))}"


def _brief(block: Done) -> str:
    every = {section.number for section in all_sections()[block.notebook] if "Optional" not in section.title}
    which = "" if set(block.sections) == every else f", {', '.join(block.sections)}"
    return f"`{block.notebook}`{which} ({block.minutes})"


def _all_weeks() -> tuple[Block, ...]:
    return (*(block for plan in WEEKS for block in plan.blocks), *HOME)


# --- what to say --------------------------------------------------------------------------------


def sheet(notebook: str) -> str:
    """Its predictions and its common wrong answers."""
    return f"{predictions(notebook)}\n\n{mistakes(notebook)}"


def predictions(notebook: str) -> str:
    """Each guess: what is asked, what tempts, what came, what to say."""
    asked = {name: question for section in all_sections()[notebook] for name, question in section.predictions.items()}
    came = {row["prediction"]: row for row in rows_of("outcomes.csv") if row["notebook"] == notebook}
    rows = []
    for name, (guess, say) in SAID[notebook].items():
        row = came.get(name)
        result = f"{float(row['measured']):.3g} {row['unit']}".strip() if row else "-"
        rows.append([f"`{name}`", asked.get(name, "(asked in `00_start_here`)"), guess, result, say])
    where = measured_on(list(came.values()))
    return f"{table(['guess', 'the question', 'tempting', 'came', 'say'], rows)}\n\nCame: {where}."


def registry(notebook: str) -> Checks:
    """The checks of a notebook."""
    return importlib.import_module(f"edgelab.{ROOM_OF[notebook]}.checks").check


def mistakes(notebook: str) -> str:
    """The first few of each exercise, with the hint that its check gives."""
    rows = [
        [f"`{name}`" if number == 0 else "", mistake.name, mistake.hint]
        for name, exercise in registry(notebook).exercises.items()
        for number, mistake in enumerate(exercise.mistakes[:FIRST_MISTAKES])
    ]
    return table(["exercise", "they wrote", "say"], rows)


def known_mistakes() -> str:
    """How many the checks know."""
    found = [exercise for name in ROOM_OF for exercise in registry(name).exercises.values()]
    count = sum(len(exercise.mistakes) for exercise in found)
    return f"The checks of the {len(found)} exercises know {count:,} wrong answers; here are the first {FIRST_MISTAKES} of each."


# --- what learners take -------------------------------------------------------------------------


def at_once() -> str:
    """Memory and processor of several kernels at once."""
    kept = learners.read(data_home() / "learners.csv")
    groups = dict.fromkeys((each.notebook, each.at_once) for each in kept)
    rows = [learners.summed([each for each in kept if (each.notebook, each.at_once) == group]) for group in groups]
    return f"{table(learners.HEAD, rows)}\n\nThe machine: {measured_on(rows_of('learners.csv'))}."


def forty() -> str:
    """Memory and cores for a class, from what was measured with the most kernels at once."""
    kept = learners.read(data_home() / "learners.csv")
    if not kept:
        return "Not measured yet."
    most = max(each.at_once for each in kept)
    lines = []
    for notebook in dict.fromkeys(each.notebook for each in kept if each.at_once == most):
        group = [each for each in kept if (each.notebook, each.at_once) == (notebook, most)]
        each_mb, cpu_s = group[0].all_peak_mb / most, sum(one.cpu_s for one in group) / most
        lines.append(
            f"- `{notebook}`: {PEOPLE} x {each_mb:.0f} MB = {PEOPLE * each_mb / 1000:.0f} GB at the peak of all, and with the quarter"
            f" {PEOPLE * each_mb * 1.25 / 1000:.0f} GB; {PEOPLE} x {cpu_s:.0f} s = {PEOPLE * cpu_s / 60:.0f} processor minutes for"
            f" all: on {CORES} cores {PEOPLE * cpu_s / CORES:.0f} s at the least, if everybody runs all of it at once."
        )
    return "\n".join(lines)


def made() -> dict[str, Callable[[], str]]:
    """What makes each part of the text, by its name."""
    sheets = {f"sheet {name}": lambda name=name: sheet(name) for name in ROOM_OF}
    return {
        "times": times,
        "half day": lambda: day(HALF_DAY),
        "full day": lambda: day(FULL_DAY),
        "six weeks": six_weeks,
        "learners": at_once,
        "forty": forty,
        "known": known_mistakes,
        **sheets,
    }


def render(text: str) -> str:
    """The text with its parts made anew.

    Raises:
        KeyError: it asks for a part that nobody makes.
    """
    parts = made()
    return PART.sub(lambda found: f"{found[1]}\n{parts[found['name']]()}\n\n{found[3]}", text)


def main() -> int:
    """Write, or compare."""
    before = file().read_text("utf-8")
    after = render(before)
    if "--check" in sys.argv[1:]:
        print("as it would be made" if after == before else "out of date: run `python -m tools.instructors`")
        return int(after != before)
    write_atomic(file(), after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
