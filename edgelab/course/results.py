"""What a cell says of its result: a verdict on a claim, a table of intervals, the words for a figure."""

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgelab.stats.intervals import Interval

if TYPE_CHECKING:
    import pandas


def verdict(claim: str, holds: bool, rule: str) -> None:
    """Print `claim: yes, rule`, or no: what the notebook's verified cells say."""
    print(f"{claim}: {'yes' if holds else 'no'}, {rule}")


def interval_table(rows: Mapping[str, Interval], name: str) -> "pandas.DataFrame":
    """One row an interval: the value, under its `name`, and both ends."""
    import pandas as pd

    ends = {row: [f"{i.value:.3f}", f"{i.low:.3f}", f"{i.high:.3f}"] for row, i in rows.items()}
    return pd.DataFrame.from_dict(ends, orient="index", columns=[name, "from", "to"])


def in_words(values: Mapping, form: str = ".3f") -> str:
    """Names with their numbers or intervals, for the alt text of a figure: `teacher 0.950; student 0.930`."""
    return "; ".join(f"{name} {value:{form}}" for name, value in values.items())


def wrapped(line: str) -> str:
    """A long line as several of a cell's width, cut between words."""
    return textwrap.fill(line, 88, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
