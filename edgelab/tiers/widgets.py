"""The explorers of `06_tiers`: which install base a build reaches, and how fast memory lets a language model write."""

import ipywidgets
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course import plots
from edgelab.course.explorer import explorer, menu, slider
from edgelab.tiers.figures import TIERS, read
from edgelab.tiers.install_base import Needs, by_tier, verdicts
from edgelab.tiers.memory_wall import decode_tokens_per_second, kv_bytes, weight_bytes

WORDS = {"latency": "latency", "memory": "memory", "accuracy": "accuracy", "cpu": "layers on the CPU"}
PARAMETERS = {"llama_v3_2_1b_instruct": 1.24e9, "llama_v3_2_3b_instruct": 3.21e9, "llama_v3_8b_instruct": 8.03e9}
GB = 1e9
BUILDS = {  # what may ship: model, precision, runtime
    "YOLOv8, w8a16, QNN": ("yolov8_det", "w8a16", "qnn_dlc"),
    "YOLOv8, w8a8, QNN": ("yolov8_det", "w8a8", "qnn_dlc"),
    "YOLOv8, w8a16, ONNX Runtime": ("yolov8_det", "w8a16", "onnx"),
    "YOLOv8, float, TFLite": ("yolov8_det", "float", "tflite"),
    "ViT, w8a8, TFLite": ("vit", "w8a8", "tflite"),
}


def base(middle: float, entry: float) -> dict[str, float]:
    """An install base by tier, of so many mid-range and entry phones; the rest are flagships. Shares from 0 to 1."""
    return {"flagship": max(0.0, 1 - middle - entry), "mid-range": middle, "entry": entry}


def compute_coverage(build: pd.DataFrame, needs: Needs, installed: dict[str, float]) -> tuple[pd.DataFrame, float]:
    """A row for each tier, the cheapest first, as it is shown: what of the base it is, what is reached of it, what the rest
    lacks; and the whole coverage. `build` are the rows of one build."""
    found = by_tier(build, needs, installed).set_index("tier").loc[list(TIERS)]
    judged = verdicts(build, needs)
    lacks = []
    for tier in TIERS:
        rows = judged[judged["tier"] == tier]
        missing = [words for name, words in WORDS.items() if not rows[f"meets_{name}"].all()]
        lacks.append(", ".join(missing) or "-" if len(rows) else "nothing published")
    table = pd.DataFrame(
        {
            "tier": list(TIERS),
            "of the base, %": [f"{100 * share:.0f}" for share in found["installed"]],
            "phones reached": [
                f"{reached} of {number}" for reached, number in zip(found["reached"], found["devices"], strict=True)
            ],
            "covered, %": [f"{100 * covered:.0f}" for covered in found["covered"]],
            "what is lacking": lacks,
        }
    )
    return table, float(found["covered"].sum())


def show_coverage(rows: pd.DataFrame, needs: Needs) -> ipywidgets.VBox:
    """Choose what ships, of `BUILDS`, and the install base."""
    keys = ["model", "precision", "runtime"]
    shipped = {
        name: rows[(rows[keys] == list(build)).all(axis=1) & rows["tier"].isin(TIERS)] for name, build in BUILDS.items()
    }

    def draw(name: str, middle: float, entry: float) -> tuple[Figure, str, pd.DataFrame]:
        installed = base(middle / 100, entry / 100)
        table, share = compute_coverage(shipped[name], needs, installed)
        covered = table["covered, %"].astype(float).tolist()
        whole = [100 * installed[tier] for tier in TIERS]
        drawn = plots.bars(list(TIERS), {"installed": whole, "covered": covered}, "% of the install base", limit=100)
        said = f"{name}: {100 * share:.0f} % is reached of a base of {middle:.0f} % mid-range and {entry:.0f} % entry phones."
        return drawn, said, table

    controls = [menu("what ships", list(BUILDS)), slider("mid-range phones, %", 35, 0, 40, 1, ".0f")]
    return explorer([*controls, slider("entry phones, %", 30, 0, 60, 1, ".0f")], draw)


def compute_wall(bits: float, bandwidth_gb_s: float, context_tokens: float) -> pd.DataFrame:
    """For each Llama whose shape is published: what must be read for one token, and how many a second that allows."""
    rows = []
    for shape in read("slm_shapes").itertuples():
        parameters = PARAMETERS[shape.model]
        weights = weight_bytes(parameters, bits)
        context = kv_bytes(context_tokens, shape.layers, shape.kv_heads, shape.head_dim)
        speed = decode_tokens_per_second(weights, bandwidth_gb_s * GB, context)
        rows.append(
            {
                "model": f"{parameters / 1e9:.1f} B parameters",
                "weights, GB": f"{weights / GB:.2f}",
                "context, GB": f"{context / GB:.2f}",
                "tokens a second, at most": f"{speed:.1f}",
            }
        )
    return pd.DataFrame(rows)


def show_wall() -> ipywidgets.VBox:
    """Move the bits of a weight, the memory's bandwidth and how long the text is already."""

    def draw(bits: float, bandwidth: float, context: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_wall(bits, bandwidth, context)
        speeds = table["tokens a second, at most"].astype(float).tolist()
        drawn = plots.bars(table["model"].tolist(), {"at most": speeds}, "tokens a second, at most")
        said = f"{bits:.0f} bits, {bandwidth:.0f} GB/s, {context:.0f} tokens before: the largest writes at most "
        return drawn, f"{said}{speeds[-1]:.1f} tokens a second.", table

    controls = [slider("bits a weight", 4, 2, 16, 1, ".0f"), slider("bandwidth, GB/s", 60, 10, 140, 1, ".0f")]
    return explorer([*controls, slider("tokens before", 0, 0, 32000, 1000, ".0f")], draw)
