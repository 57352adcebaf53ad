"""The plans of a half day, a full day and six weeks: what is done, shown and left out. Their minutes are counted (`sections.py`),
but for talk and breaks.
"""

from dataclasses import dataclass

from tools.sections import OPENING, Section, all_sections, exercise_minutes

BEGIN = (OPENING, "Predict")


@dataclass(frozen=True)
class Talk:
    """Minutes in which nobody is at a notebook, or everybody at their own."""

    minutes: int
    what: str


@dataclass(frozen=True)
class Done:
    """Sections of a notebook that learners do, by number or title; of these not the exercises `without`."""

    notebook: str
    sections: tuple[str, ...]
    without: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        """As counted; what is left out, the course's own answer stands for."""
        found = chosen(self.notebook, self.sections)
        saved = exercise_minutes(self.notebook) * len(self.without)
        return round(sum(section.minutes for section in found) - saved)


@dataclass(frozen=True)
class Shown:
    """Sections that the teacher runs before the room: the guesses are asked, the course's own answers go in."""

    notebook: str
    sections: tuple[str, ...]

    @property
    def minutes(self) -> int:
        """As counted."""
        return sum(section.shown_minutes for section in chosen(self.notebook, self.sections))


@dataclass(frozen=True)
class Room:
    """Whatever is left of the plan's minutes."""

    what: str = "Air: for questions, for opening notebooks, for what took longer; use it where it is needed"


Block = Talk | Done | Shown | Room


@dataclass(frozen=True)
class Plan:
    """A stretch of a day from `start` (hours and minutes) that takes exactly `minutes`."""

    title: str
    start: tuple[int, int]
    minutes: int
    blocks: tuple[Block, ...]


def chosen(notebook: str, names: tuple[str, ...]) -> tuple[Section, ...]:
    """Those sections of a notebook.

    Raises:
        ValueError: it has no such section.
    """
    by_name = {section.number: section for section in all_sections()[notebook]}
    if unknown := [name for name in names if name not in by_name]:
        raise ValueError(f"{notebook}: expected sections among {', '.join(by_name)}, found {unknown[0]}")
    return tuple(by_name[name] for name in names)


def whole(notebook: str, *but: str) -> Done:
    """All its sections, but the optional ones and these."""
    names = tuple(s.number for s in all_sections()[notebook] if "Optional" not in s.title and s.number not in but)
    return Done(notebook, names)


def left_out(blocks: tuple[Block, ...]) -> dict[str, tuple[str, ...]]:
    """Of each notebook that these use: sections and exercises that are neither done nor shown."""
    used: dict[str, set[str]] = {}
    skipped: dict[str, list[str]] = {}
    for block in blocks:
        if isinstance(block, Done | Shown):
            used.setdefault(block.notebook, set()).update(block.sections)
            skipped.setdefault(block.notebook, []).extend(getattr(block, "without", ()))
    return {
        notebook: (
            *(section.title for section in all_sections()[notebook] if section.number not in names),
            *(f"`{name}`" for name in skipped[notebook]),
        )
        for notebook, names in used.items()
    }


SPLIT, TRAP, LIVE = "The split: what belongs on the device?", "The trap: one file, many devices", "Pocket, live"
INTERVAL = "Habit one: an accuracy has an interval"
SAME = "Habit two: compare on the same examples"
TIME = "Habit three: a latency is a distribution"
WRONG, TURN = "When it goes wrong", "Your turn"

HALF_DAY = Plan(
    "Half a day: one model made small, and one promise kept",
    (9, 0),
    210,
    (
        Talk(10, "Welcome; `edgelab lab` is open on every screen; who is here and why"),
        Shown("00_start_here", ("Predict",)),
        Done("00_start_here", (SPLIT,)),
        Shown("00_start_here", (TRAP, LIVE)),
        Done("00_start_here", (INTERVAL, SAME)),
        Shown("01_distillation", (*BEGIN, "1")),
        Done("01_distillation", ("2",), ("divergence", "kd_gradient", "doubt")),
        Shown("01_distillation", ("3", "4")),
        Done("01_distillation", ("5",)),
        Shown("01_distillation", ("6", WRONG)),
        Talk(20, "Break"),
        Shown("02_quantization", BEGIN),
        Done("02_quantization", ("1",), ("scales", "block_scales")),
        Shown("02_quantization", ("2", "5", WRONG)),
        Shown("04_routing", (*BEGIN, "1", "2", "3", "3, on")),
        Done("04_routing", ("4",)),
        Shown("04_routing", ("6", WRONG)),
        Shown("10_selection", BEGIN),
        Done("10_selection", ("1",)),
        Shown("10_selection", ("2", "3")),
        Done("10_selection", (TURN,)),
        Talk(10, "Round: what will you measure on Monday? Who wants to go on, and with what"),
        Room(),
    ),
)

FULL_DAY = Plan(
    "A full day: from the teacher to the model that ships",
    (9, 0),
    480,
    (
        Talk(15, "Welcome; `edgelab lab` is open on every screen; the three promises at the top of the README"),
        Shown("00_start_here", ("Predict",)),
        Done("00_start_here", (SPLIT,)),
        Shown("00_start_here", (TRAP, LIVE)),
        Done("00_start_here", (INTERVAL, SAME, TIME)),
        Shown("01_distillation", (*BEGIN, "1")),
        Done("01_distillation", ("2", "3"), ("kd_gradient", "doubt")),
        Shown("01_distillation", ("4",)),
        Done("01_distillation", ("5",)),
        Talk(15, "Break"),
        Shown("01_distillation", ("6", WRONG)),
        Shown("02_quantization", BEGIN),
        Done("02_quantization", ("1",), ("block_scales",)),
        Shown("02_quantization", ("2", "4", "5")),
        Done("02_quantization", ("6",)),
        Shown("02_quantization", (WRONG,)),
        Shown("03_export", (*BEGIN, "1")),
        Done("03_export", ("2",)),
        Shown("03_export", ("3",)),
        Done("03_export", ("4",)),
        Shown("03_export", ("5", WRONG)),
        Talk(60, "Lunch"),
        Shown("04_routing", (*BEGIN, "1")),
        Done("04_routing", ("2", "3"), ("energy",)),
        Shown("04_routing", ("3, on",)),
        Done("04_routing", ("4",)),
        Shown("04_routing", ("5", "6")),
        Done("04_routing", (TURN,)),
        Shown("04_routing", (WRONG,)),
        Shown("05_measurement", BEGIN),
        Done("05_measurement", ("2", "3"), ("early_stopping_estimate",)),
        Talk(15, "Break"),
        Shown("05_measurement", ("5", "7")),
        Shown("10_selection", BEGIN),
        Done("10_selection", ("1",)),
        Shown("10_selection", ("2",)),
        Done("10_selection", ("3",), ("winning_bounds",)),
        Shown("10_selection", ("4", "5")),
        Done("10_selection", (TURN,)),
        Talk(15, "Round: what will you measure on Monday? The electives, and how to go on alone"),
        Room(),
    ),
)

FIRST, LAST = Talk(7, "What came of the work at home; what is new today"), Talk(8, "The decision, said by two learners")
WEEKLY = 100
WEEKS = (
    Plan(
        "Week 1",
        (0, 0),
        WEEKLY,
        (
            Talk(7, "Welcome; `edgelab lab` is open on every screen"),
            whole("00_start_here"),
            Done("01_distillation", (*BEGIN, "1", "2")),
            LAST,
            Room(),
        ),
    ),
    *(
        Plan(f"Week {number}", (0, 0), WEEKLY, (FIRST, whole(notebook), LAST, Room()))
        for number, notebook in enumerate(
            ("02_quantization", "03_export", "04_routing", "05_measurement", "10_selection"), 2
        )
    ),
)
HOME = (
    whole("01_distillation", *BEGIN, "1", "2"),
    whole("06_tiers"),
    whole("07_personalization"),
    whole("09_privacy"),
    whole("08_generation"),
)


def timed(plan: Plan) -> list[tuple[Block, int]]:
    """Its blocks with their minutes, the room among them.

    Raises:
        ValueError: the others take longer than there is.
    """
    left = plan.minutes - sum(block.minutes for block in plan.blocks if not isinstance(block, Room))
    if left < 0 or (left and not any(isinstance(block, Room) for block in plan.blocks)):
        raise ValueError(f"{plan.title}: expected blocks of {plan.minutes} minutes, found {plan.minutes - left}")
    return [(block, left if isinstance(block, Room) else block.minutes) for block in plan.blocks]
