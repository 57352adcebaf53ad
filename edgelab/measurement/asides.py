"""The optional section of `05_measurement`: threads, memory, energy."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.bundle.predict import Bundle
from edgelab.measurement.bundles import answer_program
from edgelab.measurement.energy import energy_of
from edgelab.measurement.load import concurrent_load
from edgelab.measurement.notebook import Ask
from edgelab.measurement.processes import Program, peak_of

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler


def threads(folder: str | Path, texts: Sequence[str]) -> "pd.DataFrame":
    """One bundle asked by 1, 2 and 4 workers at a time, each request on 1 or 2 threads."""
    import pandas as pd

    rows = []
    for number in (1, 2):
        bundle = Bundle.load(folder, threads=number)
        for workers in (1, 2, 4):
            run = concurrent_load(bundle.predict, texts, workers)
            p50, p90 = (f"{run.latency.percentile(q):.1f}" for q in (50, 90))
            rows.append((number, workers, f"{run.per_second:.0f}", p50, p90))
    return pd.DataFrame(rows, columns=["threads", "workers", "requests a second", "p50, ms", "p90, ms"])


def memory(folders: Mapping[str, str | Path], text: str) -> "pd.DataFrame":
    """Peak memory of a fresh process that does nothing, of one with each bundle, and of two with the student at a time."""
    import pandas as pd

    programs: dict[str, list[Program]] = {"nothing": [("-c", "import time; time.sleep(0.5)")]}
    programs |= {name: [answer_program(Path(folder), text, stays_s=0.5)] for name, folder in folders.items()}
    programs["student, two apps"] = 2 * programs["student"]
    rows = {}
    for name, together in programs.items():
        with ThreadPoolExecutor(len(together)) as pool:
            peaks = list(pool.map(peak_of, together))
        pss = [peak.peak_pss_bytes for peak in peaks]
        told = f"{sum(filter(None, pss)) / 1e6:.0f}" if all(pss) else "not told here"
        rows[name] = {"peak RSS, MB": f"{sum(p.peak_bytes for p in peaks) / 1e6:.0f}", "peak PSS, MB": told}
    return pd.DataFrame(rows).T


def energy(ask: Mapping[str, Ask], texts: Sequence[str]) -> "Styler":
    """What one request costs each model; below, how that was found."""
    import pandas as pd

    rows, how = {}, ""
    for name, subject in ask.items():
        cost = energy_of(partial(_ask_all, subject, texts))
        joules = 1000 * cost.joules / len(texts)
        rows[name] = {"mJ a request": f"{joules:.2f}", "watts": f"{cost.watts:.1f}"}
        how = cost.how  # the same for each: it is this machine's
    return pd.DataFrame(rows).T.style.set_caption(how)


def _ask_all(subject: Ask, texts: Sequence[str]) -> None:
    for text in texts:
        subject(text)
