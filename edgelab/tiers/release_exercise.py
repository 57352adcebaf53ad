"""The release plan of `06_tiers`: which build for which tier, decided on one phone and judged on others.

A feature is a model of the public table. A plan is made for six of them and judged on six others; for each it decides by the
latency on one flagship alone, and must hold on every phone of the tier.
"""

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from edgelab.course.exercises import Mistake
from edgelab.tiers.ai_hub import excerpt
from edgelab.tiers.figures import TIERS

if TYPE_CHECKING:
    import pandas as pd

FLAGSHIP = "Samsung Galaxy S25"  # the phone on the desk, by which a plan decides
TUNING = ("face_det_lite", "mobilenet_v2", "yolov8_det", "hrnet_pose", "deeplabv3_plus_mobilenet", "gpunet")
HELD_OUT = ("bgnet", "foot_track_net", "gear_guard_net", "yolov7", "mediapipe_selfie", "yamnet")
RUNTIMES, PRECISIONS = ("onnx", "qnn_dlc", "tflite"), ("float", "w8a16", "w8a8")

# The brief.
INSTALLED = {"flagship": 0.30, "mid-range": 0.45, "entry": 0.25}
PROMISED_MS, ON_CPU = 20.0, 0.01
BROKEN, ESCALATED, LOST, BUILDS = 0.10, 0.16, 1.1, 2
LOSS = {"float": 0.0, "w8a16": 0.5, "w8a8": 2.5}  # points, as the brief states them

RELEASE_PLAN = {
    "flagship": {"precision": "w8a16", "runtime": "qnn_dlc", "within_ms": 13.0},
    "mid-range": {"precision": "w8a16", "runtime": "qnn_dlc", "within_ms": 6.0},
    "entry": {"precision": "w8a8", "runtime": "qnn_dlc", "within_ms": 1.2},
}


PHONES = {FLAGSHIP: "S25", "Snapdragon 7 Gen 4 QRD": "mid-range", "Dragonwing Q-6690 MTP": "entry"}


def seen(rows: "pd.DataFrame", runtime: str) -> "pd.DataFrame":
    """What the learner sees: the latencies in ms of the tuning features through this runtime, a row a feature, by precision and
    phone (`PHONES`)."""
    known = rows[rows["model"].isin(TUNING) & (rows["runtime"] == runtime) & rows["device"].isin(PHONES)]
    known = known.assign(phone=known["device"].map(PHONES))
    times = known.pivot_table(index="model", columns=["precision", "phone"], values="latency_ms")
    return times[list(PRECISIONS[1:])].reindex(columns=list(PHONES.values()), level="phone")


def released(plan: Mapping[str, Mapping[str, Any]], rows: "pd.DataFrame", models: tuple[str, ...]) -> "pd.DataFrame":
    """What becomes of each feature on each phone: tier, device, model, where ("device" or "cloud"), latency_ms and cpu_share
    (published for the build that ships there; NaN where none is), kept (the promise, on the device).

    A feature stays on a device if its tier's build is published for it, and takes at most `within_ms` on `FLAGSHIP`; else its
    requests go to the cloud.
    """
    import pandas as pd

    phones = rows[rows["tier"].isin(TIERS)]
    keys = ["device", "model", "precision", "runtime"]
    known = phones.drop_duplicates(keys).set_index(keys)[["latency_ms", "cpu_share"]]
    devices = phones[["tier", "device"]].drop_duplicates()
    found = []
    for tier, device in devices.itertuples(index=False):
        for model in models:
            build = (model, plan[tier]["precision"], plan[tier]["runtime"])
            flagship = known["latency_ms"].get((FLAGSHIP, *build), float("nan"))
            local = bool(flagship <= plan[tier]["within_ms"]) and (device, *build) in known.index
            latency, on_cpu = known.loc[(device, *build)] if local else (float("nan"), float("nan"))
            kept = bool(latency <= PROMISED_MS and on_cpu <= ON_CPU)
            found.append((tier, device, model, "device" if local else "cloud", latency, on_cpu, kept))
    return pd.DataFrame(found, columns=["tier", "device", "model", "where", "latency_ms", "cpu_share", "kept"])


def outcome(plan: Mapping[str, Mapping[str, Any]], table: "pd.DataFrame") -> "pd.DataFrame":
    """A row a tier of what `released` says: tier, build, local (features that stay, of all, in %), broken (phones and features
    that stay but break the promise, in % of those that stay), lost (points of accuracy)."""
    import pandas as pd

    found = []
    for tier in INSTALLED:
        here, build = table[table["tier"] == tier], plan[tier]
        local = here["where"] == "device"
        broken = float((~here["kept"][local]).mean()) if local.any() else 0.0
        lost = LOSS[build["precision"]] * float(local.mean())
        name = f"{build['precision']}, {build['runtime']}"
        found.append((tier, name, 100 * float(local.mean()), 100 * broken, lost))
    return pd.DataFrame(found, columns=["tier", "build", "local", "broken", "lost"])


def totals(found: "pd.DataFrame") -> tuple[float, float, int]:
    """Of the install base: the share escalated, the points of accuracy lost, the number of builds."""
    shares = found["tier"].map(INSTALLED)
    builds = found[found["local"] > 0]["build"].nunique()
    return float((shares * (1 - found["local"] / 100)).sum()), float((shares * found["lost"]).sum()), int(builds)


def judge_plan(plan: dict, models: tuple[str, ...] = HELD_OUT) -> list[str]:
    """What breaks the brief, on features and phones that the plan was not made with; empty if nothing does."""
    if unclear := _unclear(plan):
        return unclear
    found = outcome(plan, released(plan, excerpt()[0], models))
    escalated, lost, builds = totals(found)
    complaints = [
        f"{tier}: {broken / 100:.0%} of what ships there breaks the promise, at most {BROKEN:.0%}"
        for tier, broken in zip(found["tier"], found["broken"], strict=True)
        if broken > 100 * BROKEN
    ]
    if escalated > ESCALATED:
        complaints.append(f"{escalated:.1%} of the requests go to the cloud, at most {ESCALATED:.0%}")
    if lost > LOST:
        complaints.append(f"{lost:.2f} points of accuracy are lost on average, at most {LOST:g}")
    if builds > BUILDS:
        complaints.append(f"{builds} builds of each model, at most {BUILDS}")
    return complaints


def judge_release(plan: dict) -> list[str]:
    """What breaks the brief on the held-out features or, where nothing does, on those that the learner sees."""
    return judge_plan(plan) or [f"of the six that you see: {complaint}" for complaint in judge_plan(plan, TUNING)]


def _unclear(plan: dict) -> list[str]:
    """What is not of the form that the exercise asks for."""
    if missing := [tier for tier in INSTALLED if tier not in plan]:
        return [f"{tier}: the plan says nothing of it" for tier in missing]
    found = []
    for tier in INSTALLED:
        build = plan[tier]
        if not isinstance(build, dict) or build.keys() != {"precision", "runtime", "within_ms"}:
            found.append(f"{tier}: expected precision, runtime and within_ms")
        elif build["precision"] not in PRECISIONS or build["runtime"] not in RUNTIMES:
            found.append(f"{tier}: precision is one of {', '.join(PRECISIONS)}, runtime one of {', '.join(RUNTIMES)}")
        elif isinstance(build["within_ms"], bool) or not isinstance(build["within_ms"], Real):
            found.append(f"{tier}: within_ms is a number")
    return found


def _with(**tiers: dict) -> dict:
    """The course's plan with something changed in the tiers named (`mid` is mid-range)."""
    names = {"flagship": "flagship", "mid": "mid-range", "entry": "entry"}
    return RELEASE_PLAN | {names[name]: RELEASE_PLAN[names[name]] | changes for name, changes in tiers.items()}


def _everywhere(**changes: object) -> dict:
    return {tier: RELEASE_PLAN[tier] | changes for tier in RELEASE_PLAN}


MISTAKES = (
    Mistake(
        "the portable default",
        _everywhere(precision="w8a16", runtime="onnx"),
        "one runtime for all: look where its layers run below the flagship.",
    ),
    Mistake(
        "the promise copied",
        _everywhere(within_ms=PROMISED_MS) | {"entry": RELEASE_PLAN["entry"] | {"within_ms": PROMISED_MS}},
        "within_ms is measured on the flagship, the promise is made on every phone: divide by how much slower the tier can be.",
    ),
    Mistake(
        "the promise copied for mid-range",
        _with(mid={"within_ms": PROMISED_MS}),
        "mid-range: no feature that you saw lies so close to the promise. Which factor lies between the tiers, at worst?",
    ),
    Mistake(
        "everything to the cloud",
        _everywhere(within_ms=0.0),
        "nothing ships at all: that is the cloud's bill, for every request.",
    ),
    Mistake(
        "the seen ones forgotten",
        _with(entry={"within_ms": 2.2}),
        "entry: it holds on the held-out six, yet one that you see takes too long: released(...) shows which.",
    ),
    Mistake(
        "too careful",
        _with(flagship={"within_ms": 5.0}),
        "flagship: the phones of this tier differ little. How much room do they really need?",
    ),
    Mistake(
        "the same build for all",
        _with(entry={"precision": "w8a16"}),
        "entry: too little ships there. Is within_ms too tight, or is there a precision that takes half the time?",
    ),
    Mistake(
        "the smallest everywhere",
        _everywhere(precision="w8a8"),
        "the points of the smallest precision are lost by everyone who gets it: keep it for those who need it.",
    ),
    Mistake(
        "the best for each",
        _with(flagship={"precision": "float"}),
        "three tiers may share two builds: which two tiers can?",
    ),
    Mistake(
        "the flagship's build below it",
        _everywhere(precision="float"),
        "float is published for flagships only: below them nothing would ship, wherever within_ms lies.",
    ),
)
