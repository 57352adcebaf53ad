"""What a job's results are: who reached what in which measure on how many cases, and by how much one leads another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgelab.stats.bootstrap import bootstrap, paired_difference
from edgelab.stats.intervals import Interval, accuracy_interval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Row:
    """One measure of one way to do the job, with its 95 % interval; `scores` [cases] are those of each case, whose mean it
    is; of a measure that is no mean (macro-F1) there are none."""

    who: str
    measure: str
    interval: Interval
    cases: int
    scores: np.ndarray | None


@dataclass(frozen=True)
class Outcome:
    """A job's results.

    Attributes:
        said: who -> what it answered to each case, to read.
        cases: what each case was, to read beside.
    """

    job: str
    rows: tuple[Row, ...]
    said: dict[str, tuple[str, ...]]
    cases: tuple[str, ...]

    def table(self) -> "pd.DataFrame":
        """One line for each way, one column for each measure, and how many cases; values with their intervals."""
        import pandas as pd

        lines: dict[str, dict[str, object]] = {}
        for row in self.rows:
            line = lines.setdefault(row.who, {"cases": row.cases})
            line[row.measure] = f"{row.interval:.2f}"
        return pd.DataFrame.from_dict(lines, orient="index").rename_axis(self.job)

    def tidy(self) -> "pd.DataFrame":
        """One line for each row: who, measure, value, low, high, cases."""
        import pandas as pd

        return pd.DataFrame(
            [(r.who, r.measure, r.interval.value, r.interval.low, r.interval.high, r.cases) for r in self.rows],
            columns=["who", "measure", "value", "low", "high", "cases"],
        )

    def scores(self, who: str, measure: str) -> np.ndarray:
        """The scores of each case.

        Raises:
            KeyError: there is no such row, or the measure is no mean.
        """
        for row in self.rows:
            if (row.who, row.measure) == (who, measure) and row.scores is not None:
                return row.scores
        raise KeyError(f"{self.job}: no scores of {who} in {measure}")

    def leads(self, measure: str, *, less_is_better: bool = False) -> dict[str, Interval]:
        """By how much the best way leads each other on the same cases: other -> difference, paired, with its interval.
        The best itself is the first key, with a difference of 0."""
        means = {r.who: float(np.mean(r.scores)) for r in self.rows if r.measure == measure and r.scores is not None}
        best = (min if less_is_better else max)(means, key=lambda who: means[who])
        ahead = {who: paired_difference(self.scores(best, measure), self.scores(who, measure)) for who in means}
        return {best: ahead[best], **{who: each for who, each in ahead.items() if who != best}}


def mean_row(who: str, measure: str, scores: Sequence[float] | np.ndarray) -> Row:
    """A row of a measure that is the mean over cases: Wilson's interval for right and wrong, else a bootstrap."""
    values = np.asarray(scores)
    interval = accuracy_interval(values) if values.dtype == bool else bootstrap(_mean, values)
    return Row(who, measure, interval, len(values), values)


def macro_f1_row(who: str, gold: Sequence[str], predicted: Sequence[str]) -> Row:
    """The mean of the labels' F1, with a bootstrap interval over the cases."""
    interval = bootstrap(macro_f1, np.array(gold), np.array(predicted))
    return Row(who, "macro-F1", interval, len(gold), None)


def macro_f1(gold: np.ndarray, predicted: np.ndarray) -> float:
    """The mean over the labels that occur in either of 2 right / (said + due)."""
    labels = np.unique(np.concatenate([gold, predicted]))
    both = [(gold == label, predicted == label) for label in labels]
    return float(np.mean([2 * (due & said).sum() / (due.sum() + said.sum()) for due, said in both]))


def rouge(texts: Sequence[str], references: Sequence[str]) -> Mapping[str, np.ndarray]:
    """ROUGE-1 and ROUGE-L (F1) of each text against its reference, by torchmetrics, [texts]."""
    from torchmetrics.functional.text.rouge import rouge_score

    names = {"rouge1": "ROUGE-1", "rougeL": "ROUGE-L"}
    pairs = zip(texts, references, strict=True)
    found = [rouge_score(text, reference, rouge_keys=tuple(names)) for text, reference in pairs]
    return {name: np.array([float(each[f"{key}_fmeasure"]) for each in found]) for key, name in names.items()}


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))
