"""Who gets which job: what was recorded of each way on each case, and what a decision comes to on a phone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgelab.generation.physics import calculate
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd

FILE = "generation/jobs.csv"  # by `python -m benchmarks.generator_jobs`
WAYS = ("keywords", "encoder", "generator", "nobody")
MEASURES = {  # of a job: what its score is, from 0 to 1
    "calls": "call",
    "triage": "accuracy",
    "notes": "hit@1",
    "digest": "ROUGE-1",
    "titles": "ROUGE-1",
}
A_DAY = {"calls": 20, "triage": 60, "notes": 5, "digest": 3, "titles": 4}  # how often each is asked for
GENERATOR_MB, EMBEDDER_MB, BUNDLE_MB = 270.0, 91.0, 1.8  # the embedder is the encoder of all jobs but the calls
PARAMETERS, BITS, CACHE = 134.5e6, 9.0, 46_080.0  # of the generator: weights as stored, cache bytes of a token
PHONE_GB_S, PHONE_GFLOPS = 12.0, 60.0  # of the phone that the brief names


def recorded() -> "pd.DataFrame":
    """A row for each job, case and way: score, invented facts, words said, tokens read and written."""
    import pandas as pd

    return pd.read_csv(data_home() / FILE)


def halves(rows: "pd.DataFrame") -> "tuple[pd.DataFrame, pd.DataFrame]":
    """The cases to decide by, and those that the decision is judged by: every other one."""
    return rows[rows["case"] % 2 == 0], rows[rows["case"] % 2 == 1]


def seconds(read: float, written: float) -> float:
    """What a request takes on the phone: none where nothing is read, that is for keywords and encoder."""
    if not read:
        return 0.0
    speeds = (round(read + written), PHONE_GB_S, PHONE_GFLOPS)
    bill = calculate(PARAMETERS, BITS, *speeds, prompt=round(read), cache_bytes_per_token=CACHE)
    return bill.first_token_s + written / bill.tokens_per_s


def summary(rows: "pd.DataFrame") -> "pd.DataFrame":
    """The mean of each job and way: score, invented facts in an answer, seconds a day on the phone."""
    found = rows.groupby(["job", "who"], sort=False)[["score", "invented", "read", "written"]].mean()
    spent = [seconds(row.read, row.written) for row in found.itertuples()]
    found["seconds a day"] = [each * A_DAY[job] for each, (job, _) in zip(spent, found.index, strict=True)]
    return found.drop(columns=["read", "written"])


def outcome(decision: Mapping[str, str], rows: "pd.DataFrame") -> "pd.DataFrame":
    """What a decision comes to: for each job who gets it, and its row of `summary`; empty where nobody does."""
    import pandas as pd

    who = pd.MultiIndex.from_tuples([(job, decision[job]) for job in MEASURES], names=["job", "who"])
    return summary(rows).reindex(who).reset_index("who")


def megabytes(decision: Mapping[str, str]) -> float:
    """What is installed for it."""
    embeds = any(way == "encoder" for job, way in decision.items() if job != "calls")
    parts = {
        GENERATOR_MB: "generator" in decision.values(),
        EMBEDDER_MB: embeds,
        BUNDLE_MB: decision["calls"] == "encoder",
    }
    return sum(size for size, wanted in parts.items() if wanted)
