"""What a new lock did: packages, notebooks, verified texts and figures, before and after; pure, and as Markdown.

An accuracy is *beyond* where it left the 95 % interval that it had before; a ratio of latencies where the two intervals
(Hahn and Meeker's of each median, divided end by end, so wide rather than narrow) have nothing in common; a size where it
changed by more than 1 %. A result that a notebook reveals has no interval: it is shown, and nothing is concluded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgelab.course.outcomes import Outcome
from edgelab.course.scoreboard import Row
from edgelab.stats.intervals import Interval, percentile_interval

SIZE_CHANGE = 0.01


@dataclass(frozen=True)
class Side:
    """What the notebooks wrote under one lock: `results` by notebook, as `tools.notebook_results` keeps them."""

    pins: Mapping[str, str]
    results: Mapping[str, dict]
    board: Sequence[Row]
    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True)
class Change:
    """One figure, before and after. `beyond` is None where no interval says what would be much; `decides` is whether a
    reader has to look: a latency alone never asks for that, because a busy machine moves it, too."""

    what: str
    figure: str
    before: str
    after: str
    difference: str
    beyond: bool | None
    decides: bool = True


@dataclass(frozen=True)
class Report:
    """All of it; `look` are the reasons to look before the lock is accepted."""

    packages: Sequence[tuple[str, str, str]]
    notebooks: Sequence[tuple[str, str, str]]
    texts: Sequence[tuple[str, int, str, str, str]]
    figures: Sequence[Change]
    look: Sequence[str]


def compare(before: Side, after: Side) -> Report:
    """What changed from one side to the other."""
    names = [name for name in after.results if name in before.results]
    notebooks = [(name, _went(before.results[name]), _went(after.results[name])) for name in names]
    texts = [line for name in names for line in _texts(before.results[name], after.results[name])]
    figures = [*_figures(before.board, after.board), *_revealed(before.outcomes, after.outcomes)]
    look = [f"{name} fails: {after.results[name]['outcome']}" for name in names if after.results[name]["failed"]]
    look += [f"{name}, cell {cell}, says something else" for name, cell, *_ in texts]
    look += [line for name in names for line in _stale(before.results[name])]
    look += [f"{c.what}, {c.figure}: {c.before} became {c.after}" for c in figures if c.beyond and c.decides]
    return Report(packages(before.pins, after.pins), notebooks, texts, figures, look)


def packages(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Each package that changed, with both versions; `-` where there was none."""
    both = sorted({*before, *after})
    return [(n, before.get(n, "-"), after.get(n, "-")) for n in both if before.get(n) != after.get(n)]


def _went(result: dict) -> str:
    return f"{result['outcome']}, {result['seconds']:.0f} s, {result['peak_bytes'] / 1e6:.0f} MB"


def _texts(before: dict, after: dict) -> list[tuple[str, int, str, str, str]]:
    """Verified cells whose text differs from what is committed, or from before; of a failed notebook those that ran."""
    old = {cell["cell"]: cell["found"] for cell in before["verified"]}
    return [
        (after["name"], cell["cell"], cell["line"], old.get(cell["cell"], cell["committed"]), cell["found"])
        for cell in after["verified"]
        if cell["found"] != old.get(cell["cell"], cell["committed"])
    ]


def _stale(before: dict) -> list[str]:
    """Where the lock of today does not say what is committed: then the new one is not to blame."""
    cells = [cell["cell"] for cell in before["verified"] if cell["found"] != cell["committed"]]
    return [f"{before['name']}, cell {cell}: what is committed is not what today's lock says here" for cell in cells]


# --- the scoreboard -----------------------------------------------------------------------------


def _key(row: Row) -> tuple[str, ...]:
    return row.identity[:-1]  # without the host: both sides are this one


def _figures(before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    old, new = ({_key(row): row for row in rows} for rows in (before, after))
    found = []
    for key in sorted({*old, *new}):
        what = ", ".join(key)
        if key not in old or key not in new:
            there = ("-", "there") if key in new else ("there", "-")
            found.append(Change(what, "row", *there, "new" if key in new else "gone", True))
            continue
        found += [_size(what, old[key], new[key]), *_accuracies(what, old[key], new[key])]
        found += _latency(what, *(_ratio(rows[key], rows.values()) for rows in (old, new)))
    return found


def _size(what: str, before: Row, after: Row) -> Change:
    change = after.size_bytes - before.size_bytes
    sizes = (f"{before.size_bytes:,} B", f"{after.size_bytes:,} B", f"{change:+,} B")
    return Change(what, "size", *sizes, abs(change) > SIZE_CHANGE * before.size_bytes)


def _accuracies(what: str, before: Row, after: Row) -> list[Change]:
    interval = Interval(before.accuracy, before.accuracy_low, before.accuracy_high)
    left = not interval.low <= after.accuracy <= interval.high
    found = [_share(what, "accuracy", f"{interval:.4f}", before.accuracy, after.accuracy, left)]
    for name, figure in (("slot_exact_match", "slots exact"), ("call_exact_match", "calls exact")):
        old, new = getattr(before, name), getattr(after, name)
        if old is not None and new is not None:
            found.append(_share(what, figure, f"{old:.4f}", old, new, None))
    return found


def _share(what: str, figure: str, shown: str, before: float, after: float, beyond: bool | None) -> Change:
    return Change(what, figure, shown, f"{after:.4f}", f"{after - before:+.4f}", beyond)


def _ratio(row: Row, rows: Iterable[Row]) -> Interval | None:
    """How many times quicker than the largest model of the same notebook and data, both by their medians."""
    beside = [r for r in rows if (r.notebook, r.data, r.split) == (row.notebook, row.data, row.split) and r.latency_ms]
    largest = max(beside, key=lambda r: r.size_bytes, default=None)
    if largest is None or not row.latency_ms or largest.identity == row.identity:
        return None
    ours, theirs = (percentile_interval(r.latency_ms, 50) for r in (row, largest))
    high = theirs.high / ours.low if ours.low > 0 else float("inf")
    return Interval(theirs.value / ours.value, theirs.low / ours.high, high)


def _latency(what: str, before: Interval | None, after: Interval | None) -> list[Change]:
    if before is None or after is None:
        return []
    apart = before.high < after.low or after.high < before.low
    difference = f"{after.value / before.value - 1:+.1%}"
    return [Change(what, "times quicker", f"{before:.2f}", f"{after:.2f}", difference, apart, decides=False)]


# --- what was revealed --------------------------------------------------------------------------


def _revealed(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> list[Change]:
    found = []
    for key in sorted({*before, *after}):
        old, new = (side[key].measured if key in side else None for side in (before, after))
        if old is None and new is None:
            continue
        asked = after.get(key) or before[key]
        shown = ["-" if value is None else f"{value:.4g} {asked.unit}".rstrip() for value in (old, new)]
        gone = (old is None) != (new is None)
        difference = "-" if old is None or new is None else f"{new - old:+.4g} {asked.unit}".rstrip()
        found.append(Change(asked.question, "revealed", *shown, difference, True if gone else None))
    return found


# --- as Markdown --------------------------------------------------------------------------------


def markdown(report: Report, notes: Sequence[str]) -> str:
    """The report to read: what to look at first, then packages, notebooks, texts, figures."""
    parts = ["# What a new lock would do", "", *(f"- {note}" for note in notes), ""]
    parts += ["## To look at", "", *([f"- {line}" for line in report.look] or ["Nothing."]), ""]
    parts += ["## Packages", "", *_table(("package", "before", "after"), report.packages), ""]
    parts += ["## Notebooks", "", *_table(("notebook", "before", "after"), report.notebooks), ""]
    parts += ["## What verified cells say", "", *_differences(report.texts), ""]
    rows = [(c.what, c.figure, c.before, c.after, c.difference, _told(c)) for c in report.figures]
    parts += ["## Figures", "", *(__doc__ or "").strip().splitlines()[2:], ""]
    return "\n".join([*parts, *_table(("what", "figure", "before", "after", "difference", "beyond"), rows), ""])


def _told(change: Change) -> str:
    return "-" if change.beyond is None else "**yes**" if change.beyond else "no"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return ["None."]
    lines = [heading, ["---"] * len(heading), *rows]
    return [f"| {' | '.join(map(_cell, line))} |" for line in lines]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _differences(texts: Sequence[tuple[str, int, str, str, str]]) -> list[str]:
    lines = [] if texts else ["The same as before."]
    for name, cell, line, before, after in texts:
        old = [f"- {each}" for each in before.splitlines()]
        new = [f"+ {each}" for each in after.splitlines()]
        lines += [f"{name}, code cell {cell}: `{line}`", "", "```diff", *old, *new, "```", ""]
    return lines
