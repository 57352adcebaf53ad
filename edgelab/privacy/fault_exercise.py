"""The fault to find in `09_privacy`: reports that are private one by one, and phones whose answer can be read all the same.

A log row is a report as the server keeps it: `phone`, `day`, `boot` (how often the phone had started), `question`, `epsilon`,
`coin` ("new" where noise was drawn for it, "kept" where an earlier report was sent again, noise and all), `said_spent` (what
the phone's budget said after it) and `answer` (the noisy one).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.privacy.randomized import randomized_response

if TYPE_CHECKING:
    import pandas as pd

Log = list[dict[str, Any]]
PROMISED, EPSILON = 4.0, 1.0  # for each phone, of the month; of each report
DAYS = 28
QUESTIONS = ("medicine", "pills", "pharmacy")  # three wordings of what somebody would rather keep to themselves
KINDS = ("kept", "weekly", "restarts", "by question")  # how a phone's program behaves


def overspent(log: Log, promised: float) -> list[str]:
    """The phones that have told more than `promised`, sorted: whatever the question, the start or the day, all noise that was
    drawn anew counts together."""
    spent: dict[str, float] = {}
    for row in log:
        if row["coin"] == "new":
            spent[row["phone"]] = spent.get(row["phone"], 0.0) + row["epsilon"]
    return sorted(phone for phone, epsilon in spent.items() if epsilon > promised + 1e-9)  # three times 0.1 is 0.3


def handed_over(phones: int = 200, seed: int = 9) -> tuple[Log, dict[str, bool]]:
    """A month's log of a fleet, and each phone's true answer, which no server has."""
    rng = np.random.default_rng(seed)
    log: Log = []
    truth = {f"p{number:03d}": bool(rng.random() < 0.5) for number in range(phones)}
    for number, (phone, answer) in enumerate(truth.items()):
        log += _month(rng, phone, answer, KINDS[number % len(KINDS)])
    return sorted(log, key=lambda row: (row["day"], row["phone"])), truth


def _month(rng: np.random.Generator, phone: str, answer: bool, kind: str) -> Iterator[dict[str, Any]]:
    """The reports of one phone: one program keeps its first noisy answer, one asks weekly, one forgets its budget at each start,
    one has a budget for each question."""
    boot, kept = 1, _noisy(rng, answer)
    for day in range(1, DAYS + 1):
        boot += kind == "restarts" or rng.random() < 0.1
        row = {"phone": phone, "day": day, "boot": boot, "question": QUESTIONS[0], "epsilon": EPSILON, "coin": "new"}
        if kind == "kept":
            yield row | {"coin": "new" if day == 1 else "kept", "said_spent": EPSILON, "answer": kept}
        elif kind == "weekly" and day % 7 == 1:
            yield row | {"said_spent": EPSILON * (day // 7 + 1), "answer": _noisy(rng, answer)}
        elif kind == "restarts":
            yield row | {"said_spent": EPSILON, "answer": _noisy(rng, answer)}
        elif kind == "by question" and day % 7 == 1:
            for question in QUESTIONS:
                said = EPSILON * (day // 7 + 1)
                yield row | {"question": question, "said_spent": said, "answer": _noisy(rng, answer)}


def _noisy(rng: np.random.Generator, answer: bool) -> bool:
    return bool(randomized_response(np.array([answer]), EPSILON, rng.random(1))[0])


def by_phone(log: Log) -> "pd.DataFrame":
    """What a reader of the log sees, a row a phone: how many reports, starts and questions, the largest `said_spent`, and the
    share of yes among its answers."""
    import pandas as pd

    grouped = pd.DataFrame(log).groupby("phone")
    seen = grouped.agg(
        reports=("day", "size"),
        starts=("boot", "nunique"),
        questions=("question", "nunique"),
        said_spent=("said_spent", "max"),
        yes=("answer", "mean"),
    )
    return seen.reset_index()


def read(log: Log, truth: dict[str, bool], phones: list[str]) -> float:
    """The share of these phones whose true answer is what most of their reports say (half of them: a coin); NaN of none."""
    said = by_phone(log).set_index("phone")["yes"]
    guesses = [0.5 if said[phone] == 0.5 else float((said[phone] > 0.5) == truth[phone]) for phone in phones]
    return float(np.mean(guesses)) if guesses else float("nan")


# --- the exercise ----------------------------------------------------------------------------------


def _logs(rng: np.random.Generator) -> Iterator[tuple]:
    """Short logs in which each misreading accuses or overlooks somebody."""
    for phones, promised in ((6, 4.0), (12, 2.5), (18, 1.0)):
        rows = [row for number in range(phones) for row in _short(rng, f"p{number}", promised, HOW[number % len(HOW)])]
        yield [rows[place] for place in rng.permutation(len(rows))], promised
    yield [row for reports in (3, 4) for row in _rows(f"p{reports}", [(0.1, "new")] * reports)], 0.3
    yield (
        [*_rows("p1", [(0.1, "new")] * 3), *_rows("p2", [(0.1, "new")] * 2 + [(0.1001, "new")])],
        0.3,
    )  # a little too much
    again = [*_rows("p1", [(0.5, "new"), (0.5, "kept"), (0.5, "new")]), *_rows("p2", [(0.25, "new")] * 3)]
    yield [row | {"day": 1} if row["phone"] == "p2" else row for row in again], 0.5  # kept and new ones; thrice a day
    yield [], 4.0
    yield list(_short(rng, "p1", 0.5, "to the limit")), 0.0


HOW = ("to the limit", "over starts", "over questions", "in one day", "kept", "says so")


def _short(rng: np.random.Generator, phone: str, promised: float, how: str) -> Iterator[dict[str, Any]]:
    """A phone's reports: to the limit exactly, or over it in one of several ways, or none but kept ones beyond it."""
    first = promised * int(rng.integers(1, 4)) / 4
    parts = [first, promised - first or promised, *([] if how in ("to the limit", "kept") else [0.25])]
    again = int(rng.integers(2, 5)) if how == "kept" else 0
    said = 0.0
    for number, epsilon in enumerate([*parts, *[promised] * again]):
        new = number < len(parts)
        said = said + epsilon * new if how == "says so" else min(promised, said + epsilon * new)
        yield {
            "phone": phone,
            "day": 1 if how == "in one day" else number + 1,
            "boot": number + 1 if how == "over starts" else 1 + number // 3,
            "question": QUESTIONS[number % 3] if how in ("over questions", "in one day") else QUESTIONS[0],
            "epsilon": epsilon,
            "coin": "new" if new else "kept",
            "said_spent": said,
            "answer": bool(rng.random() < 0.5),
        }


def _rows(phone: str, reports: list[tuple[float, str]]) -> Iterator[dict[str, Any]]:
    """A phone's reports, a day each: (epsilon, coin)."""
    for day, (epsilon, coin) in enumerate(reports, 1):
        row = {"phone": phone, "day": day, "boot": 1, "question": QUESTIONS[0], "epsilon": epsilon, "coin": coin}
        yield row | {"said_spent": day / 10, "answer": day % 2 == 0}


def _summed(
    log: Log, key: Callable[[dict], tuple], promised: float, *, kept: bool = False, slack: float = 1e-9
) -> list[str]:
    """Phones of which some group of rows, told apart by `key`, spends more than promised."""
    spent: dict[tuple, float] = {}
    for row in log:
        if kept or row["coin"] == "new":
            place = (row["phone"], *key(row))
            spent[place] = spent.get(place, 0.0) + row["epsilon"]
    return sorted({place[0] for place, epsilon in spent.items() if epsilon > promised + slack})


MISTAKES = (
    Mistake(
        "believed the phone",
        lambda log, promised: sorted({row["phone"] for row in log if row["said_spent"] > promised}),
        "said_spent is what the phone's own program believes. Is that what it sent? Add up what you see.",
    ),
    Mistake(
        "by start",
        lambda log, promised: _summed(log, lambda row: (row["boot"],), promised),
        "a restart makes nobody forget what was told before it: the server still has those reports.",
    ),
    Mistake(
        "by question",
        lambda log, promised: _summed(log, lambda row: (row["question"],), promised),
        "answers to different questions are about the same person: what they tell adds up.",
    ),
    Mistake(
        "by day",
        lambda log, promised: _summed(log, lambda row: (row["day"],), promised),
        "the promise is for the whole log, not for each day.",
    ),
    Mistake(
        "kept answers counted",
        lambda log, promised: _summed(log, lambda row: (), promised, kept=True),
        "the same noisy answer sent again tells nothing new: count a report only where its coin is new.",
    ),
    Mistake(
        "reports counted",
        lambda log, promised: sorted(
            {
                row["phone"]
                for row in log
                if sum(each["phone"] == row["phone"] and each["coin"] == "new" for each in log) > promised
            }
        ),
        "reports may cost different epsilons: add epsilon, do not count.",
    ),
    Mistake(
        "sums of floats",
        lambda log, promised: _summed(log, lambda row: (), promised, slack=0),
        "0.1 + 0.1 + 0.1 is a little above 0.3 in floats, as it was for the budget: nobody overspent by that.",
    ),
    Mistake(
        "in tenths",
        lambda log, promised: _summed(log, lambda row: (), promised, slack=0.05),
        "a report may cost less than a tenth: what is allowed beyond the promise must be smaller than any of them.",
    ),
    Mistake(
        "once a day",
        lambda log, promised: _summed(
            list({(r["phone"], r["day"], r["question"]): r for r in log if r["coin"] == "new"}.values()),
            lambda row: (),
            promised,
        ),
        "two reports of one day are two: add up rows, not days.",
    ),
    Mistake(
        "who keeps is honest",
        lambda log, promised: [
            phone
            for phone in overspent(log, promised)
            if not any(row["coin"] == "kept" for row in log if row["phone"] == phone)
        ],
        "a phone may send kept answers and new ones: the new ones count all the same.",
    ),
    Mistake(
        "at the limit",
        lambda log, promised: sorted(
            {row["phone"] for row in log}
            & {
                row["phone"]
                for row in log
                if sum(each["epsilon"] for each in log if each["phone"] == row["phone"] and each["coin"] == "new")
                >= promised - 1e-9
            }
        ),
        "who spends exactly what was promised keeps the promise: more than it, not as much.",
    ),
    Mistake(
        "who restarts",
        lambda log, promised: sorted({row["phone"] for row in log if row["boot"] > 1}),
        "a start alone costs nothing. What did the phone send after it?",
    ),
)


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        overspent,
        cases=_logs,
        nudge="Somebody who holds the whole log, and does not believe said_spent: how much has a phone told them in all?",
        mistakes=MISTAKES,
    )
