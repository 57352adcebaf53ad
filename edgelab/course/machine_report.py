"""One page on the learner's machine, at the end of `edgelab run`: predictions against results, the decision, the scoreboard."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from edgelab import __version__, workspace
from edgelab.course import outcomes, prediction, scoreboard
from edgelab.course.notebooks import Run
from edgelab.course.outcomes import Choice, Outcome
from edgelab.course.prediction import Guess, beside
from edgelab.declarations import Stored
from edgelab.machine import pages
from edgelab.machine.host import Host, host
from edgelab.stats.chance import told

DECLARED = (
    Stored(
        what="the page on this machine: guesses, results, the scoreboard, the choice",
        where="{home}/report.html",
        how_long="until the next run of the whole course",
        about="user",
        part="course",
    ),
)

Questions = Mapping[str, tuple[Guess | None, Outcome]]  # by key


def file() -> Path:
    """Where the page is written."""
    return workspace.home() / "report.html"


def write(runs: Sequence[Run]) -> list[str]:
    """Write the page of what was run, guessed, measured and chosen; its content in a few lines, for a terminal."""
    asked, choice, rows = kept()
    here = host()
    with workspace.home_errors():
        workspace.write_atomic(file(), page(runs, asked, choice, latest(rows, here.cpu), here))
    return [*guesses_in_words(asked), f"decision: {decision_in_words(choice)}", f"report: {file()}"]


def kept() -> tuple[Questions, Choice | None, list[scoreboard.Row]]:
    """What the page is made of, but for the runs; a `KeptError` where a file of it is damaged: better known before the course
    runs than after."""
    guesses = prediction.guesses()
    asked = {key: (guesses.get(key), outcome) for key, outcome in outcomes.outcomes().items()}
    return asked, outcomes.chosen(), scoreboard.rows()


def page(
    runs: Sequence[Run], asked: Questions, choice: Choice | None, rows: Sequence[scoreboard.Row], here: Host
) -> str:
    """The page, of what is handed in alone."""
    now = datetime.now().astimezone().isoformat(timespec="minutes")
    memory = f", {here.memory_bytes / 1e9:.0f} GB" if here.memory_bytes else ""
    return pages.page(
        "EdgeLab on this machine",
        [
            pages.paragraph(
                f"{here.cpu} ({here.architecture}), {here.cores} cores{memory}, {here.system}, Python {here.python}. "
                f"EdgeLab {__version__}, {now}."
            ),
            pages.heading("Predictions and results"),
            questions(asked),
            pages.heading("The decision"),
            pages.paragraph(decision_in_words(choice)),
            *reasons(choice),
            pages.heading("The scoreboard"),
            board(rows, choice),
            pages.heading("The notebooks"),
            notebooks(runs),
        ],
    )


# --- predictions --------------------------------------------------------------------------------


def questions(asked: Questions) -> str:
    """Each question with guess and result, those with both first."""

    def rank(item: tuple[Guess | None, Outcome]) -> tuple[bool, bool]:
        return item[0] is None, item[1].measured is None

    rows = []
    for guess, outcome in sorted(asked.values(), key=rank):
        unit = outcome.unit
        measured = "not yet" if outcome.measured is None else f"{outcome.measured:.4g} {unit}".rstrip()
        guessed = "-" if guess is None else f"{guess.value:.4g} {guess.unit}".rstrip()
        gap = "-"
        if guess is not None and outcome.measured is not None:
            gap = f"{outcome.measured - guess.value:+.4g} {unit}".rstrip()
        rows.append((outcome.question, guessed, measured, gap))
    if not rows:
        return pages.paragraph("Nothing has been asked here yet.")
    caption = "What was asked before it was measured. The difference: measured minus guessed."
    return pages.table(caption, ("Question", "Your guess", "Measured here", "Difference"), rows, words=(0,))


def guesses_in_words(asked: Questions) -> list[str]:
    """How many were guessed and measured, and each of those."""
    both = [(guess, outcome) for guess, outcome in asked.values() if guess and outcome.measured is not None]
    measured = sum(outcome.measured is not None for _, outcome in asked.values())
    lines = [f"predictions: {len(both)} of {measured} results were guessed before"]
    lines += [f"  {outcome.question}: {beside(guess, outcome.measured or 0, outcome.unit)}" for guess, outcome in both]
    return lines


# --- the decision -------------------------------------------------------------------------------


def decision_in_words(choice: Choice | None) -> str:
    """Which model ships, and how sure that is."""
    if choice is None:
        return "none yet: 10_selection makes it"
    asked = ", ".join(f"{name} {bound:g}" for name, bound in choice.asked.items()) or "nothing"
    if choice.chosen is None:
        return f"no model may ship for {choice.data}; asked: {asked} ({choice.decided_at})"
    sure = "" if choice.probability is None else f"; it truly clears with probability {told(choice.probability)}"
    return f"{choice.chosen} ships for {choice.data}{sure}; asked: {asked} ({choice.decided_at})"


def reasons(choice: Choice | None) -> list[str]:
    """Why not the others."""
    against = [(name, "; ".join(why)) for name, why in (choice.reasons.items() if choice else ()) if why]
    if not against:
        return []
    return [pages.table("Why not the others.", ("Model", "What it misses"), against, words=(1,))]


# --- the scoreboard -----------------------------------------------------------------------------


def latest(rows: Sequence[scoreboard.Row], cpu: str) -> list[scoreboard.Row]:
    """Of what was measured on this machine, the latest row of each model: several notebooks measure the same."""
    found = {}
    for row in sorted((row for row in rows if row.host == cpu), key=lambda row: row.measured_at):
        found[row.data, row.split, row.model, row.precision, row.runtime] = row
    return list(found.values())


def board(rows: Sequence[scoreboard.Row], choice: Choice | None) -> str:
    """The rows to read, the chosen model marked."""
    if not rows:
        return pages.paragraph("Nothing was measured here yet.")
    shown = scoreboard.pretty(scoreboard.as_table(rows)).drop(columns="Host")
    names = [
        {model, f"{model} {precision}"} for model, precision in zip(shown["Model"], shown["Precision"], strict=True)
    ]
    marked = next((i for i, name in enumerate(names) if choice and choice.chosen in name), None)
    caption = "Measured on this machine, the latest of each; best accuracy first within each data set."
    return pages.table(caption, list(shown.columns), shown.to_numpy().tolist(), marked=marked)


# --- the notebooks ------------------------------------------------------------------------------


def notebooks(runs: Sequence[Run]) -> str:
    """What each took."""
    rows = []
    for run in runs:
        rows.append((run.name, f"{run.seconds:.1f}", f"{run.peak_bytes / 1e6:.0f}", run.outcome))
    total = ("total", f"{sum(run.seconds for run in runs):.1f}", "-", f"{sum(r.error is None for r in runs)} ok")
    header = ("Notebook", "Seconds", "Peak memory, MB", "How it went")
    return pages.table("This run.", header, [*rows, total], words=(3,))
