"""Numbers in the notebooks' text that no code cell gives, each worked out again from what it stands for.

`WORKED` has for a notebook and a snippet of its text, word for word, the numbers that the snippet says; they agree if they are
the same when rounded as the snippet rounds them. What must be built or trained first is held by another test: `HELD` names
it, and what of it holds the number. `EXAMPLES` are made up, and said to be.
"""

import json
from collections.abc import Callable
from importlib import import_module

import numpy as np

from edgelab import datasets
from edgelab.tiers import figures
from edgelab.workspace import data_home

S25, MID, ENTRY = "Samsung Galaxy S25", "Snapdragon 7 Gen 4 QRD", "Dragonwing Q-6690 MTP"


def constant(module: str, name: str):
    return getattr(import_module(module), name)


def distilbert(runtime: str, column: str) -> float:
    rows = figures.read("text_encoders_on_devices").query(
        "model == 'distil_bert_base_uncased_hf' and precision == 'w8a16'"
    )
    (row,) = rows[(rows["device"] == S25) & (rows["runtime"] == runtime)].to_dict("records")
    return row["npu"] + row["gpu"] + row["cpu"] if column == "layers" else row[column]


def slowest_over_quickest() -> float:
    median = figures.read("device_speed_and_fallback")["median_latency_vs_galaxy_s25"]
    return median.max() / median.min()


def always_falls_back() -> int:
    """The devices on which every model had a layer on the CPU through ONNX Runtime, and none through the maker's own."""
    table = figures.read("device_speed_and_fallback")
    return int(((table["share_any_cpu_layer_onnx"] == 1) & (table["share_any_cpu_layer_qnn_dlc"] == 0)).sum())


def headline(device: str, runtime: str) -> list[float]:
    """The ratios to the S25 of all pairs, and of those that ran on the same kinds of unit, of the vision models of 05."""
    rows = figures.read("vision_on_devices")
    key, units = ["model", "component", "precision", "runtime"], ["npu", "gpu", "cpu"]
    rows = rows[rows["runtime"] == runtime]
    pairs = rows[rows["device"] == device].merge(rows[rows["device"] == S25], on=key, suffixes=("", "_s25"))
    same = np.all([(pairs[unit] > 0) == (pairs[f"{unit}_s25"] > 0) for unit in units], axis=0)
    ratios = (pairs["latency_ms"] / pairs["latency_ms_s25"]).to_numpy()
    return [float(np.median(ratios)), len(pairs), float(np.median(ratios[same])) if same.any() else np.nan]


def billions() -> list[float]:
    """The parameters of the smallest and of the largest language model whose speed is published."""
    published = figures.read("slm_on_devices")["params_billion"]
    return [published.min(), published.max()]


def entry_on_the_cpu() -> float:
    rows = figures.read("ratios_to_galaxy_s25").set_index(["reading", "device"])
    return rows.loc[("CPU on both", ENTRY), "median"]


def found_by_formula(percent: float, rounds: int) -> float:
    from edgelab.measurement.plan_exercise import pilot
    from edgelab.measurement.widgets import compute_power

    return float(compute_power(pilot(), percent / 100, rounds)["found, % of runs"][0])


def logged(run: str) -> dict:
    from edgelab.measurement.fault_exercise import log

    return log().loc[run].to_dict()


def memory_of_moods() -> float:
    from inspect import signature

    from edgelab.measurement.moody import Machine

    return signature(Machine).parameters["memory"].default


def rounds_by_formula() -> int:
    from edgelab.measurement.comparison import rounds_needed
    from edgelab.measurement.plan_exercise import pilot

    return rounds_needed(pilot(), 0.05)


def most_that_go_out(*rounds: int) -> int:
    from edgelab.measurement.plan_exercise import went_out

    return max(went_out()[number] for number in rounds)


def first_entry_share_below_80() -> int:
    """The least share of entry phones, in %, at which the build of the task reaches less than 80 % of the base."""
    from edgelab.tiers.ai_hub import excerpt
    from edgelab.tiers.install_base import Needs
    from edgelab.tiers.widgets import BUILDS, base, compute_coverage

    rows = excerpt()[0]
    model, precision, runtime = BUILDS["YOLOv8, w8a16, QNN"]
    rows = rows[(rows["model"] == model) & (rows["precision"] == precision) & (rows["runtime"] == runtime)]
    needs = Needs(latency_ms=20, memory_mb=300, cpu_share=0.01)
    reached = {entry: compute_coverage(rows, needs, base(0.35, entry / 100))[1] for entry in range(16, 26)}
    return min(entry for entry, share in reached.items() if share < 0.8 - 1e-9)


def wall(bits: float, bandwidth: float) -> float:
    from edgelab.tiers.widgets import compute_wall

    return float(compute_wall(bits, bandwidth, 8000).iloc[-1, 3])


def calls_of_pocket(split: str) -> int:
    return len(getattr(datasets.load("pocket"), split))


def held_out_cases() -> int:
    """Of the six jobs, those that the generator wrote something for."""
    lines = (data_home() / "generation" / "texts.jsonl").read_text("utf-8").splitlines()
    return len({(row["job"], row["case"]) for row in map(json.loads, lines) if "job" in row})


def largest_phone_model() -> float:
    from edgelab.generation.widgets import compute_phone

    return max(b / 10 for b in range(30, 60) if float(compute_phone(b / 10, 5, 60).iloc[0, -1]) >= 20)


def drawn_of_toy(temperature: float, top_p: float) -> "np.ndarray":
    from edgelab.generation import llama
    from edgelab.generation.widgets import compute_sampling

    logits = llama.toy().step([5, 17, 3, 80, 41])[0][-1]
    return compute_sampling(logits, temperature, top_p)["drawn, %"].astype(float).to_numpy()


def lowest_temperature() -> float:
    return min(tenths / 10 for tenths in range(1, 31) if drawn_of_toy(tenths / 10, 1.0)[0] < 25)


def shares_that_leave(tokens: int) -> list[float]:
    return [t / 20 for t in range(1, 21) if (drawn_of_toy(1.0, t / 20) > 0).sum() == tokens]


def alarm_calls_there_are() -> int:
    from edgelab.generation.guided import alarm_calls

    return len(alarm_calls())


def passes_60(answers: str) -> int:
    """The least limit a day, by the explorer's steps, at which a week's copy agrees on over 60 % of test."""
    from edgelab.privacy.extraction import Stolen
    from edgelab.privacy.widgets import at
    from edgelab.stats.intervals import Interval

    rows = figures.read("stolen_copies").query("split == 'test'")
    nothing = Interval(0.0, 0.0, 0.0)
    copies = [
        Stolen(row.answers, row.queries, Interval(row.agreement, 0.0, 1.0), nothing, 1.0) for row in rows.itertuples()
    ]
    return min(limit for limit in range(10, 340, 10) if at(copies, answers, 7 * limit) > 0.6)


def phones_without_noise() -> float:
    from edgelab.privacy.widgets import compute_error

    return float(compute_error(2.0, 500, 0.1)[0].set_index("right within").loc["5 points", "without noise"])


def most_people() -> int:
    from edgelab.personalization.widgets import LAYERS, MODEL_MB, compute_bytes

    first = next(iter(LAYERS))
    return max(
        n for n in range(200, 3400, 100) if float(compute_bytes(first, 4, n)["everybody"][0].split()[0]) <= MODEL_MB
    )


def toy() -> object:
    from edgelab.generation.llama import TOY

    return TOY


WORKED: dict[tuple[str, str], Callable[[], list[float]]] = {
    ("00_start_here", "a phone assistant with 26 tools"): lambda: [len(datasets.load("pocket").labels) - 1],
    ("00_start_here", "the median grows about twentyfold"): lambda: [round(slowest_over_quickest())],
    ("00_start_here", "on three of the devices *every* model had a layer on the CPU"): lambda: [always_falls_back()],
    ("03_export", "4.1 ms through its own runtime, all 221 layers"): lambda: [
        distilbert("qnn_dlc", "latency_ms"),
        distilbert("qnn_dlc", "npu"),
    ],
    ("03_export", "335 ms through ONNX Runtime, where 76 of 480 layers"): lambda: [
        distilbert("onnx", "latency_ms"),
        distilbert("onnx", "cpu"),
        distilbert("onnx", "layers"),
    ],
    ("01_distillation", "It takes 400 steps"): lambda: [constant("edgelab.distillation.by_hand", "STEPS")],
    ("02_quantization", "took 8 % less time on one processor and 37 % less on another"): lambda: [
        100 * (1 - 35.08 / 38.05),
        100 * (1 - 19.76 / 31.46),
    ],
    ("02_quantization", "5 bits by channel take 5.17"): lambda: [5, 5 + 32 / (3 * 64)],
    ("03_export", "Of the 13 LayerNormalizations"): lambda: [2 * 6 + 1],  # two in each of six layers, one before them
    ("04_routing", "one wrong answer in 435"): lambda: [calls_of_pocket("validation")],
    ("05_measurement", "that happens in 37 of 100 runs"): lambda: [100 * 0.99**100, 100],
    ("05_measurement", "0.99 to the power of 368 is below 0.025"): lambda: [0.99, 368, np.ceil(1e3 * 0.99**368) / 1e3],
    ("05_measurement", "It is 5.0 %; 4.5 % is found in 94 of 100"): lambda: [
        min(p for p in (4.0, 4.5, 5.0, 5.5) if found_by_formula(p, 100) >= 95),
        4.5,
        found_by_formula(4.5, 100),
        100,
    ],
    ("05_measurement", "a mid-range phone takes 24 times as long"): lambda: [headline(MID, "onnx")[0]],
    ("05_measurement", "mid-range is 2.2 or 2.3 times the S25, not 24"): lambda: [
        *sorted((headline(MID, "qnn_dlc")[2], headline(MID, "tflite")[2])),
        headline(MID, "onnx")[0],
    ],
    ("05_measurement", "(the 335 ms of `03_export`, where the NPU alone took 4)"): lambda: [
        distilbert("onnx", "latency_ms"),
        distilbert("qnn_dlc", "latency_ms"),
    ],
    ("05_measurement", "whose mood at each request is 0.98 of the one before"): lambda: [memory_of_moods()],
    ("05_measurement", "requests took 6.5 s in all, and the run 3.5 s"): lambda: [
        float(logged("G")["requests"]) * float(logged("G")["mean"]) / 1000,
        float(logged("G")["seconds"]),
    ],
    ("05_measurement", "tries 86 rounds."): lambda: [rounds_by_formula()],
    ("05_measurement", "The formula asks for 86 rounds. With 86 or 87 of them up to 81 of the thousand"): lambda: [
        rounds_by_formula(),
        86,
        87,
        most_that_go_out(86, 87),
    ],
    ("06_tiers", "8.03 billion parameters"): lambda: [
        figures.read("slm_on_devices").set_index("model")["params_billion"]["llama_v3_1_8b_instruct"].iloc[0]
    ],
    ("06_tiers", "(51 GB a second.)"): lambda: [min(b for b in range(40, 70) if wall(4, b) >= 10)],
    ("06_tiers", "(5.6, not 5:"): lambda: [wall(8, 51), 5],
    ("06_tiers", "(It is 21:"): lambda: [first_entry_share_below_80()],
    ("06_tiers", "8,000 tokens before"): lambda: [8000],
    ("06_tiers", "The published speeds of 1 to 8 billion parameters all lie below the wall"): lambda: billions(),
    ("08_generation", "run 1 to 8 billion, 9 to 60 times as many"): lambda: [
        *billions(),
        *(1e9 * each / constant("edgelab.generation.decision", "PARAMETERS") for each in billions()),
    ],
    ("08_generation", "decode speeds of models of 1 to 8 billion parameters, as Qualcomm publishes them"): lambda: (
        billions()
    ),
    ("10_selection", "its processor takes 2.55 times as long as the one of the table"): lambda: [entry_on_the_cpu()],
    ("07_personalization", "(The whole model is 91 MB.)"): lambda: [
        constant("edgelab.personalization.widgets", "MODEL_MB")
    ],
    ("07_personalization", "(700. Nobody keeps copies.)"): lambda: [most_people()],
    ("08_generation", "(two layers instead of 30, 96 tokens instead of 49,152"): lambda: [30, toy().vocab, 49152],
    ("08_generation", "(It is 1.1.)"): lambda: [lowest_temperature()],
    ("08_generation", "(0.40 and 0.45 do:"): lambda: shares_that_leave(3),
    ("08_generation", "held to the 192 calls"): lambda: [alarm_calls_there_are()],
    ("08_generation", "(4.7 billion.)"): lambda: [largest_phone_model()],
    ("08_generation", "255 cases at a second or more"): lambda: [held_out_cases()],
    (
        "08_generation",
        "the calls' encoder 1.8 MB, the sentence encoder of the other jobs 91 MB, the generator (int8) 270 MB",
    ): (
        lambda: [
            constant("edgelab.generation.decision", "BUNDLE_MB"),
            constant("edgelab.generation.decision", "EMBEDDER_MB"),
            constant("edgelab.generation.decision", "GENERATOR_MB"),
        ]
    ),
    ("08_generation", "in a context of 500?"): lambda: [constant("edgelab.generation.widgets", "CONTEXTS")[0]],
    ("09_privacy", "of the 900 test requests"): lambda: [calls_of_pocket("test")],
    ("09_privacy", "(It is 139.)"): lambda: [phones_without_noise()],
    ("09_privacy", "(It is 70 a day, and 90.)"): lambda: [passes_60("probabilities"), passes_60("label")],
    ("10_selection", "if the share stays at 78 %, on how many labelled requests instead of 435"): lambda: [
        100 * 340 / calls_of_pocket("validation"),
        calls_of_pocket("validation"),
    ],
    ("10_selection", "340 of validation's 435 requests right, which is 78 %"): lambda: [
        340,
        calls_of_pocket("validation"),
        100 * 340 / calls_of_pocket("validation"),
    ],
}
HELD: dict[tuple[str, str], tuple[str, str]] = {
    ("02_quantization", "(At 4 bits it lies between 99 and 99.8, and errs by over a quarter less than 100 does"): (
        "tests/browser/test_jupyterlab.py",
        "assert 990 <= best <= 998 and errors[best] < 0.75 * errors[1000]",
    ),
    ("08_generation", "products with 34 million weights"): (
        "edgelab/generation/live.py",
        "micro.measure_rates(precisions, weights=2**25,",
    ),
    ("10_selection", "(It is 0.25 or 0.30, by what your convolution keeps.)"): (
        "tests/selection/test_widgets.py",
        "(2, (0.25, 0.30))",
    ),
    ("10_selection", "(0.40 or 0.45.)"): ("tests/selection/test_widgets.py", "(4, (0.40, 0.45))"),
}
# Said beside a source, and yet the notebook's own: what a term means, what an exercise asks for.
OWN = {
    "03_export": ("a file of opset 19 spells it out",),
    "04_routing": ("at least 95 of 100 threshold sets give a threshold",),
    "05_measurement": ("it holds the true p90 in 95 of 100 repetitions or more",),
    "06_tiers": ("20 ms, 300 MB, at most 1 % of the layers on the CPU",),
    "10_selection": (
        "devices whose p95 is within 100 ms",
        "95 of 100 answers come within 10 ms on an entry phone",
        "private values leave with at most 6.5 % of all requests",
    ),
}
EXAMPLES: dict[str, tuple[str, ...]] = {
    "02_quantization": ("[issue 20052]", "[issue 6695]"),  # names, as in their addresses
    "04_routing": ("rings at 17 minutes past",),
    "05_measurement": ("A new build answers in 0.19 ms, the old one in 0.20.",),
}
