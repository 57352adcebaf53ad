"""What the notebook shows of a generator, where there is one: it runs without, and says what is missing."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.datasets.dataset import Dataset
from edgelab.generation import outcomes
from edgelab.generation.convert import MISSING, Prepared
from edgelab.generation.decode import OnnxDecoder
from edgelab.generation.model import Generator
from edgelab.generation.personal import Personal, load_personal
from edgelab.generation.prompts import HeldOut, bare_call_case, held_out
from edgelab.generation.retrieval import int8_index, int8_similarity, similarity, word_similarity
from edgelab.generation.scoring import Outcome
from edgelab.generation.texts import Text, find_texts, regenerate
from edgelab.generation.timing import GeneratorTiming, Timed, prompts_of, time_generators
from edgelab.generation.tuned import tuned_generator
from edgelab.generation.writing import find_all
from edgelab.measurement.energy import ASSUMED_WATTS_PER_CORE
from edgelab.measurement.latency import measure_latency
from edgelab.stats.samples import LatencySamples
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd

    from edgelab.bundle.predict import Bundle
    from edgelab.generation.retrieval import Embed

PROMPT, WRITTEN, READ = 128, 16, 10  # tokens of a timed prompt and of its answer; texts that perplexity is taken on
LIBRARY = "Name three things that one takes along to the beach. "
TOOLS = {"tool": {"enum": ["set_alarm", "set_timer"]}, "time": {"type": "string", "maxLength": 8}}


def have(standing: Prepared, *precisions: str) -> bool:
    """Whether the generator is built at these precisions (all, where none is named); if not, it is said what to run."""
    missing = [each for each in precisions or (*standing.models, *standing.missing) if each not in standing.models]
    if missing:
        print(f"not shown here: the generator in {', '.join(missing)} is not on this machine; {MISSING}")
    return not missing


def allowed_speeds(calculate: Callable[..., Any]) -> "pd.DataFrame":
    """Published decode speeds of 1-8 B models whose device's bandwidth is known, with what is `allowed` by the calculator
    for 4-bit weights in the middle of 1,024 tokens, and the share of it that is `reached`."""
    from edgelab.tiers.memory_wall import published_wall

    found = published_wall().dropna(subset=["bandwidth_gb_s"]).drop(columns=["wall_tokens_per_s", "share_of_wall"])
    pairs = zip(found["params_billion"], found["bandwidth_gb_s"], strict=True)
    found["allowed"] = [calculate(1e9 * size, 4, 1024, bandwidth, 9000).tokens_per_s for size, bandwidth in pairs]
    return found.assign(reached=found["tokens_per_s"] / found["allowed"])


@dataclass(frozen=True)
class ByLoop:
    """What somebody's loop wrote with a generator's file, how quickly, and whether the library's tokens are the same."""

    text: str
    tokens_a_second: float
    same: bool


def write_by(decode: Callable[..., list[int]], folder: Path, asked: str, most: int = 40) -> ByLoop:
    """Let a loop such as `decode` run a built generator's file in ONNX Runtime."""
    generator, real = Generator.open(folder), OnnxDecoder.open(folder)
    tokens = generator.encode(generator.chat(asked))
    begin = time.perf_counter()
    said = decode(real.step, tokens, most, ends=generator.end_tokens)
    speed = len(said) / (time.perf_counter() - begin)
    same = tuple(said) == generator.generate(tokens, max_tokens=most).tokens
    return ByLoop(generator.decode(said), speed, same)


@dataclass(frozen=True)
class Costs:
    """Timed generators: `timings` by precision, and the table, a row each: MB, TTFT (also of a prompt four times
    as long), TPOT and the TPOT foretold, in ms; mJ a token on one core, by the model of `measurement.energy`."""

    timings: dict[str, GeneratorTiming]
    sizes: dict[str, int]
    table: "pd.DataFrame"


def time_precisions(standing: Prepared, precisions: tuple[str, ...] = ("fp32", "int8", "int4")) -> Costs:
    """Time the generator at these precisions, interleaved, and foretell its time for a token by micro-benchmarks."""
    import pandas as pd

    from edgelab.generation import micro, physics
    from edgelab.generation.llama import Shape

    assert standing.checkpoint is not None
    # First: its memory goes back before models are opened.
    rates = micro.measure_rates(precisions, weights=2**25, repeats=3)
    opened = {name: Generator.open(standing.models[name]) for name in precisions}
    text = opened[precisions[0]].encode(30 * LIBRARY)
    timed: dict[str, Timed] = {**opened}
    timings = time_generators(timed, prompts_of(text, PROMPT, 4), tokens=WRITTEN, warmup=1)
    longer = time_generators(timed, prompts_of(text, 4 * PROMPT, 1), tokens=2, warmup=0)
    shape = Shape.of(standing.checkpoint)
    rows = {
        name: {
            "MB": opened[name].size_bytes / 1e6,
            "TTFT, ms": timing.ttft.percentile(50),
            "TTFT of 4 prompts, ms": longer[name].ttft.percentile(50),
            "TPOT, ms": timing.tpot.percentile(50),
            "TPOT foretold, ms": physics.predict_tpot_ms(shape, name, PROMPT + WRITTEN / 2, rates[name]),
            "mJ a token, modelled": ASSUMED_WATTS_PER_CORE * timing.tpot.percentile(50),
        }
        for name, timing in timings.items()
    }
    sizes = {name: generator.size_bytes for name, generator in opened.items()}
    return Costs(timings, sizes, pd.DataFrame.from_dict(rows, orient="index"))


def damages(standing: Prepared) -> "pd.DataFrame":
    """Each precision beside fp32 on notes that no generator has read: perplexity, times as perplexed, flips, KL; intervals."""
    import pandas as pd

    from edgelab.generation.perplexity import compare, held_out_texts

    reference = Generator.open(standing.models["fp32"])
    fresh = [reference.encode(text) for text in held_out_texts()[:READ]]
    rows = {}
    for other in (name for name in standing.models if name != "fp32"):  # one at a time: two models are enough to hold
        found = compare(reference, {other: Generator.open(standing.models[other])}, fresh)
        for name, d in found.items():
            row = {
                "perplexity": d.perplexity,
                "times as perplexed": d.ratio,
                "flips": d.flips,
                "KL, nats": d.divergence,
            }
            rows["fp32" if name == "reference" else name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


@dataclass(frozen=True)
class Jobs:
    """All jobs on their held-out cases, with whatever generators' texts there are: `texts`, job -> generator -> texts."""

    data: Dataset
    personal: Personal
    embed: "Embed"
    bundle: "Bundle"
    held: HeldOut
    texts: dict[str, dict[str, tuple[Text, ...]]]
    missing: dict[str, str]

    @classmethod
    def load(cls) -> "Jobs":
        """Pocket's own: draw the cases, and find what was written to them before. Nothing is generated."""
        from edgelab.bundle.predict import Bundle
        from edgelab.datasets.loading import load
        from edgelab.models.encoder import sentence_embedder

        data, embed, bundle = load("pocket"), sentence_embedder(), Bundle.load(data_home() / "bundles" / "pocket")
        personal = load_personal()
        held = held_out(data, personal, embed)
        found = find_all(held.asked)
        texts = found.texts
        if tuned := tuned_generator():
            kept = find_texts(tuned, [bare_call_case(text, data.train) for text in held.calls.texts])
            texts["calls"] |= {} if kept is None else {"tuned": kept}
        return cls(data, personal, embed, bundle, held, texts, found.missing)

    def have(self, job: str) -> bool:
        """Whether there are a generator's texts of a job; what to run for those that are missing is said."""
        missing = {how: [who for who in self.missing if self.missing[who] == how] for how in self.missing.values()}
        for how, names in missing.items():
            if lacking := [who for who in names if who not in self.texts[job]]:
                print(f"without rows of the generator in {', '.join(lacking)}: {how}")
        return bool(self.texts[job])

    @cached_property
    def calls(self) -> Outcome:
        """Requests as calls."""
        return outcomes.calls(self.held.calls, self.data, self.bundle, self.texts["calls"])

    @cached_property
    def digests(self) -> Outcome:
        """An hour's notifications in a sentence."""
        return outcomes.digests(self.held, self.personal, self.embed, self.texts["digest"])

    @cached_property
    def answers(self) -> Outcome:
        """Questions answered from the note that was found."""
        return outcomes.answers(self.held, self.embed, self.texts["answers"])

    def all(self) -> dict[str, Outcome]:
        """Every job by its name."""
        return {
            "digest": self.digests,
            "answers": self.answers,
            "calls": self.calls,
            "triage": outcomes.triage(self.held, self.personal, self.embed, self.texts["triage"]),
            "titles": outcomes.titles(self.held, self.embed, self.texts["titles"]),
            "replies": outcomes.replies(self.held, self.personal, self.embed, self.texts["replies"]),
        }

    def write_again(self, standing: Prepared, draw: int = 20) -> None:
        """Write drawn calls again by a generator whose texts are kept, the quickest of those that are here; say how many
        agree."""
        here = [name for name in ("int4-k", "int8", "fp32") if name in standing.models and name in self.texts["calls"]]
        if not here:
            return
        again = regenerate(standing.models[here[0]], self.held.asked["calls"], self.texts["calls"][here[0]], draw=draw)
        agree = again.drawn - len(again.differing)
        print(f"{agree} of {again.drawn} drawn cases, written again by {here[0]}, are as they were kept")
        if again.differing:
            print("another processor rounds otherwise: `edgelab prepare texts` writes those of this one")

    def measured(self, name: str, costs: Costs | None) -> list[dict[str, Any]]:
        """What the scoreboard takes: the encoder on these calls, timed now, and each timed generator (of that name) whose
        calls are kept; accuracy is about the tool."""
        here = measure_latency({"": self.bundle.predict}, list(self.held.calls.texts))[""]
        found = [self._measured("encoder", here, self.bundle.size_bytes, model="pocket, as shipped")]
        for precision, timing in (costs.timings if costs else {}).items():
            if costs and precision in self.texts["calls"]:
                more = {"model": name, "precision": precision, "runtime": "onnxruntime-genai, first token"}
                found.append(self._measured(precision, timing.ttft, costs.sizes[precision], **more))
        return found

    def _measured(self, who: str, samples: LatencySamples, size_bytes: int, **more: str) -> dict[str, Any]:
        tool, call = (self.calls.scores(who, measure) for measure in ("tool", "call"))
        found = {"correct": tool.astype(bool), "samples": samples, "size_bytes": size_bytes}
        return found | {"call_exact_match": float(call.mean())} | more


def note_scores(jobs: Jobs) -> tuple[dict[str, np.ndarray], list[tuple[int]]]:
    """For each question how well each note fits, by words, by embeddings and by those in 8 bits, [questions, notes]; and the
    position of the note that it is about."""
    asked, notes = [q.text for q in jobs.personal.questions], [note.whole for note in jobs.personal.notes]
    queries, kept = jobs.embed(tuple(asked)), jobs.embed(tuple(notes))
    scores = {"keywords": word_similarity(asked, notes), "encoder": similarity(queries, kept)}
    scores["encoder, int8 index"] = int8_similarity(queries, int8_index(kept))
    place = {note.number: position for position, note in enumerate(jobs.personal.notes)}
    return scores, [(place[q.note],) for q in jobs.personal.questions]


def all_test_calls(jobs: Jobs) -> Outcome:
    """Keywords and encoder on all of test."""
    return outcomes.calls(jobs.data.test, jobs.data, jobs.bundle, {})


def spaced_out(standing: Prepared, asked: str, precision: str = "int4-k") -> None:
    """Let the generator write a call, held to a schema with and without free spaces; print what it writes."""
    form = {"type": "object", "properties": TOOLS, "required": list(TOOLS), "additionalProperties": False}
    generator = Generator.open(standing.models[precision])
    for name, free in {"free spaces": True, "no spaces": False}.items():
        guide = form | {"x-guidance": {"whitespace_flexible": free}}
        answer = generator.answer(asked, max_tokens=60, schema=guide)
        print(f"{name}: {len(answer.tokens)} tokens, ended: {answer.complete}, {answer.text!r}")
