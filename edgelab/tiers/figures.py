"""The small tables of `data/figures`: what others have published, each row with its source.

`data/figures/README.md` says what each table holds, and how far one may trust it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from edgelab.errors import UserError
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd

REPOSITORY = "https://github.com/quic/ai-hub-models"
COMMIT = "52c080d245d2d20c634459208ff2548ce10b3c9f"  # of the table of latencies
PERF = "qai_hub_models/models/{model}/perf.yaml"

# Tables whose rows do not name their source: a model's file in the repository, or the whole of it.
_MODELS = f"{REPOSITORY}/blob/{COMMIT}/{PERF}"
_ALL = f"derived from {REPOSITORY} at {COMMIT[:7]}, all perf.yaml"
_SOURCES: dict[str, str] = {
    "text_encoders_on_devices": _MODELS,
    "vision_on_devices": _MODELS,
    "features_on_phones": _MODELS,
    "slm_on_devices": _MODELS,
    "cpu_pairs": _MODELS,
    "ratios_to_galaxy_s25": _ALL,
    "device_speed_and_fallback": _ALL,
    "stolen_copies": "measured with this project by python -m benchmarks.stolen_copies",
}

# What a chip is, by the first digit of its series. The maker's phones of series 7 and 6 are few in the table, so each of these
# two tiers rests on one device.
SERIES = {"8": "flagship", "7": "mid-range", "6": "entry", "4": "entry"}
TIERS = ("entry", "mid-range", "flagship")
TIER_RULE = (
    "A chip made for phones and handhelds (Snapdragon N, QCM N) is sorted by its series: 8 is flagship, 7 mid-range, 6 and 4 "
    "entry; a device of any other chip is no phone and is called by its kind: laptop, car, headset or board."
)
OTHER = {"Compute": "laptop", "Auto": "car", "XR": "headset"}


def names() -> tuple[str, ...]:
    """The tables there are."""
    return tuple(sorted(path.stem for path in (data_home() / "figures").glob("*.csv")))


def read(name: str) -> "pd.DataFrame":
    """A table of `data/figures`; its last column is the `source` of each row.

    Raises:
        UserError: there is no such table.
    """
    import pandas as pd

    if name not in names():
        raise UserError(f"expected a table of data/figures: {', '.join(names())}; found {name!r}")
    table = pd.read_csv(data_home() / "figures" / f"{name}.csv", keep_default_na=False, na_values=[""])
    if name in _SOURCES:
        pattern = _SOURCES[name]
        fill: Callable[[str], str] = lambda model: pattern.format(model=model)  # noqa: E731
        table["source"] = table["model"].map(fill) if "{model}" in pattern else pattern
    if name == "devices":
        table.insert(3, "tier", [tier(*row) for row in zip(table["chipset"], table["form_factor"], strict=True)])
    return table[[column for column in table if column != "source"] + ["source"]]


def tier(chipset: str, form_factor: str) -> str:
    """Where a device stands by `TIER_RULE`: one of `TIERS`, or its kind if it is no phone."""
    for family in ("snapdragon-", "qcm"):
        _, found, series = chipset.partition(family)
        if found and series[:1] in SERIES:
            return SERIES[series[0]]
    return OTHER.get(form_factor, "board")
