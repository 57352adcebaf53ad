"""The public table of latencies, by pinned download: 167 models on phones, laptops, cars and boards of one maker's chips.

Measured and published by the vendor (github.com/quic/ai-hub-models, BSD-3-Clause): a `perf.yaml` a model, all of one commit,
each verified by its SHA-256. Without the download an excerpt stands in `data/figures`.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.datasets.sources import download_folder, fetch_file, mirrored
from edgelab.errors import UserError
from edgelab.machine.bars import shows_bars
from edgelab.tiers.figures import COMMIT, PERF, TIER_RULE, TIERS, read
from edgelab.tiers.perf_yaml import UNITS, parse
from edgelab.workspace import build_once, data_home

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TIERS",
    "TIER_RULE",
    "PublicTable",
    "excerpt",
    "fetch",
    "language_models",
    "load",
    "table",
    "tidy",
    "with_device",
]

NAME = "ai-hub-models"
RAW = f"https://raw.githubusercontent.com/quic/ai-hub-models/{COMMIT}/"
SHA256 = "ai_hub_models.sha256"  # in data/figures, as sha256sum writes it
AT_ONCE = 8  # small files: most of the time is waiting
EXCERPT = ("text_encoders_on_devices", "vision_on_devices", "features_on_phones")


@dataclass(frozen=True)
class PublicTable:
    """Latencies (`rows`) and tokens a second (`language_models`); whether this is the full table, and a line that says so."""

    rows: "pd.DataFrame"
    language_models: "pd.DataFrame"
    full: bool
    note: str


def load() -> PublicTable:
    """The full table where it can be had, else the excerpt of `data/figures`, with the reason in `note`."""
    try:
        rows, tokens = table(), language_models()
    except UserError as error:
        rows, tokens = excerpt()
        return PublicTable(rows, tokens, False, f"{len(rows):,} rows of data/figures, not the full table: {error}")
    models = rows["model"].nunique()
    return PublicTable(rows, tokens, True, f"the full public table: {len(rows):,} rows, {models} models with latencies")


def table() -> "pd.DataFrame":
    """Every published latency, a row each: model, component, precision, runtime, device, chipset, tier, units (that ran
    layers), qairt (version of the vendor's library, or "none"), latency_ms, memory_mb (upper end of the published range of the
    peak), memory_min_mb, npu, gpu, cpu (layers), layers, cpu_share. Raises DataError where the files cannot be had or read.
    """
    return with_device(_kept("latencies")).pipe(tidy)


def language_models() -> "pd.DataFrame":
    """Every published decode speed, a row each: model, component, precision, runtime, device, chipset, tier, tokens_per_s,
    per_token_ms, first_token_ms (a prompt of at most 128 tokens), first_token_full_context_ms, context_tokens. Raises
    DataError where the files cannot be had or read.
    """
    found = with_device(_kept("tokens"))
    found.insert(found.columns.get_loc("tokens_per_s") + 1, "per_token_ms", 1000 / found["tokens_per_s"])
    return found


def excerpt() -> "tuple[pd.DataFrame, pd.DataFrame]":
    """What stands in `data/figures` of both tables, in the same columns."""
    import pandas as pd

    rows = pd.concat([read(name).drop(columns="source") for name in EXCERPT], ignore_index=True)
    tokens = read("slm_on_devices").drop(columns=["params_billion", "source"])
    tokens = tokens.rename(columns={"ttft_min_ms": "first_token_ms", "ttft_max_ms": "first_token_full_context_ms"})
    tokens.insert(1, "component", tokens["model"])
    tokens["per_token_ms"] = 1000 / tokens["tokens_per_s"]
    order = ["tokens_per_s", "per_token_ms", "first_token_ms", "first_token_full_context_ms", "context_tokens"]
    keys = ["model", "component", "precision", "runtime", "device"]
    return with_device(rows).pipe(tidy), with_device(tokens[keys + order])


def with_device(rows: "pd.DataFrame") -> "pd.DataFrame":
    """`rows` with the device's chipset and tier after its name; a device that `data/figures/devices.csv` does not know has
    "unknown" in both."""
    known = read("devices").set_index("device")
    at = rows.columns.get_loc("device") + 1
    rows = rows.copy()
    for column in ("tier", "chipset"):
        rows.insert(at, column, rows["device"].map(known[column]).fillna("unknown"))
    return rows


def tidy(rows: "pd.DataFrame") -> "pd.DataFrame":
    """`rows` with what follows from the counts of layers: units, layers, cpu_share."""
    rows = rows.copy()
    ran = [
        [unit.upper() for unit, count in zip(UNITS, counts, strict=True) if count]
        for counts in rows[list(UNITS)].to_numpy()
    ]
    rows.insert(rows.columns.get_loc("tier") + 1, "units", ["+".join(names) for names in ran])
    rows["layers"] = rows[list(UNITS)].sum(axis=1)
    rows["cpu_share"] = rows["cpu"] / rows["layers"]
    return rows


def fetch() -> dict[str, Path]:
    """The `perf.yaml` of each model, downloaded once and verified. `EDGELAB_MIRROR` names another server that holds them
    (`…/ai-hub-models/qai_hub_models/models/<model>/perf.yaml`). Raises DataError where a file cannot be had or kept, or is
    another one than was published.
    """
    from tqdm import tqdm

    folder, pinned = download_folder(NAME), _pinned()

    def one(model: str) -> Path:
        file = PERF.format(model=model)
        url = mirrored(f"{NAME}/{file}") or RAW + file
        return fetch_file(NAME, file, url, pinned[model], folder / f"{model}.yaml", bar=False)

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        done = tqdm(
            pool.map(one, pinned), "public table", len(pinned), unit="file", disable=not shows_bars(), leave=False
        )
        return dict(zip(pinned, done, strict=True))
    finally:
        pool.shutdown(cancel_futures=True)


def _pinned() -> dict[str, str]:
    """model -> SHA-256 of its file."""
    lines = (data_home() / "figures" / SHA256).read_text("utf-8").splitlines()
    return {path.split("/")[-2]: digest for digest, path in (line.split() for line in lines)}


def _build(folder: Path) -> None:
    found: dict[str, list[dict]] = {"latencies": [], "tokens": []}
    for model, path in fetch().items():
        latencies, tokens = parse(path.read_text("utf-8"), model)
        found["latencies"] += latencies
        found["tokens"] += tokens
    for name, rows in found.items():
        (folder / f"{name}.json").write_text(json.dumps(rows), "utf-8")


def _kept(name: str) -> "pd.DataFrame":
    import pandas as pd

    built = build_once("public-table", _build, inputs={"files": _pinned()})
    return pd.DataFrame(json.loads((built.path / f"{name}.json").read_text("utf-8")))
