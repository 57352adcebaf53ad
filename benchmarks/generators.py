"""A generator's times: foretold against measured, and beside those of llama.cpp and torch. Prints two tables.

python -m benchmarks.generators [--rounds 8] [--llama-cpp FOLDER]      minutes of one core

`edgelab prepare generator` comes before. FOLDER is one where llama.cpp was fetched as a package with its programs built:
    npm install node-llama-cpp@3.22.1 @node-llama-cpp/linux-x64 --omit=optional --ignore-scripts

Everything that is compared is asked in turn, so that a slow moment of the machine falls on all alike; ratios are within a
round, and their medians are shown between the 2.5th and 97.5th percentile of drawing rounds anew. Foretold twice:
- from micro-benchmarks of the same rounds (a copy, products with as many weights), for the prepared generator;
- with rates fitted on the prepared generator at the first context, for another model at the second: a Llama of random
  weights and another shape, built by the same builder.
"""

import argparse
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.pocket_card import table
from edgelab.generation.convert import build_model, prepare
from edgelab.generation.llama import Shape
from edgelab.generation.micro import COPIED, PROMPT, Products, copier
from edgelab.generation.model import Generation, Generator
from edgelab.generation.physics import Rates, fit, predict_tpot_ms, predict_ttft_ms, read_bytes
from edgelab.generation.reference import TorchGenerator
from edgelab.generation.source import find
from edgelab.generation.timing import Timed, prompts_of
from edgelab.machine.host import host
from edgelab.measurement.latency import measure_latency
from edgelab.stats.bootstrap import bootstrap
from edgelab.workspace import build_once, data_home

KINDS = ("fp32", "int8", "int4")
CONTEXTS = (64, 512)
TOKENS = 16  # of an answer
OTHER = {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 14}
OTHER |= {"num_attention_heads": 8, "num_key_value_heads": 8, "head_dim": 64}


class LlamaCpp:
    """llama.cpp in a process of its own, on one core."""

    def __init__(self, folder: Path, gguf: Path, context: int = 2048) -> None:
        command = ["node", str(Path(__file__).with_name("llama_cpp.mjs").resolve()), str(gguf.resolve()), str(context)]
        self._process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()

    def _line(self) -> dict:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def generate(self, prompt: list[int], *, max_tokens: int, min_tokens: int) -> Generation:
        assert self._process.stdin
        print(json.dumps({"prompt": list(prompt), "tokens": max_tokens}), file=self._process.stdin, flush=True)
        said = self._line()
        first, *others = said["ms"]
        return Generation("", tuple(said["tokens"]), len(prompt), first, tuple(others), False)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def other_checkpoint(checkpoint: Path) -> Path:
    """A Llama of `OTHER`'s shape with random weights, and the tokenizer of the checkpoint."""

    def build(folder: Path) -> None:
        import torch
        from transformers import AutoConfig, LlamaForCausalLM

        torch.manual_seed(0)
        config = AutoConfig.from_pretrained(checkpoint)
        for name, value in OTHER.items():
            setattr(config, name, value)
        LlamaForCausalLM(config).save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(checkpoint / name, folder / name)

    return build_once("generator-other", build, inputs={"shape": OTHER}).path


class Rounds:
    """Subjects asked in turn; of a generator's answers the time to the first token and the median of the others are kept.

    Args:
        cpu: the time that this process computes, instead of the time that passes.
    """

    def __init__(self, *, cpu: bool = False) -> None:
        self._cpu = cpu
        self._clock = time.process_time_ns if cpu else time.perf_counter_ns
        self.subjects: dict[str, Callable[[str], object]] = {}
        self._times: dict[str, list[tuple[float, ...]]] = {}

    def add_generator(self, name: str, generator: Timed, prompts: list[list[int]]) -> None:
        self._times[name] = []

        def ask(number: str) -> None:
            options = {"max_tokens": TOKENS, "min_tokens": TOKENS}
            if self._cpu:
                ends = [self._clock(), *(self._clock() for _ in generator.stream(prompts[int(number)], **options))]
                self._times[name].append(tuple(np.diff(ends) / 1e6))
            else:
                answer = generator.generate(prompts[int(number)], **options)
                self._times[name].append((answer.ttft_ms, *answer.tpot_ms))

        self.subjects[name] = ask

    def run(self, rounds: int) -> dict[str, np.ndarray]:
        """Milliseconds a round: of a subject by its name, of a generator as `NAME first` and `NAME next`."""
        taken = measure_latency(self.subjects, [str(number) for number in range(rounds)], warmup=1, clock=self._clock)
        found = {name: np.array(samples.milliseconds) for name, samples in taken.items()}
        for name, times in self._times.items():
            found[f"{name} first"] = np.array([first for first, *_ in times[1:]])
            found[f"{name} next"] = np.array([median(others) for _, *others in times[1:]])
        return found


def ratio(found: np.ndarray, expected: np.ndarray) -> str:
    """Median of the rounds' ratios with its interval."""
    of_rounds = bootstrap(lambda ratios: float(np.median(ratios)), found / expected)
    return f"{of_rounds.value:.2f} [{of_rounds.low:.2f}, {of_rounds.high:.2f}]"


def rates_of(taken: dict[str, np.ndarray], held: dict[str, Products], precision: str) -> list[Rates]:
    """The machine's rates in each round."""
    one, many = taken[f"{precision} x 1"] / 1000, taken[f"{precision} x {PROMPT}"] / 1000
    columns = zip(one, many, COPIED / (taken["copy"] / 1000), strict=True)
    return [held[precision].rates(*map(float, column)) for column in columns]


def foretold(rounds: int, *, cpu: bool = False) -> str:
    """The table of both predictions."""
    standing = prepare(print)
    assert standing.checkpoint
    other = other_checkpoint(standing.checkpoint)
    shapes = {"prepared": Shape.of(standing.checkpoint), "other": Shape.of(other)}
    folders = {
        "prepared": {kind: standing.models[kind] for kind in KINDS},
        "other": {kind: build_model(other, kind) for kind in KINDS},
    }
    held = {kind: Products(kind) for kind in KINDS}
    rows: list[list] = []
    for kind in KINDS:
        asked = Rounds(cpu=cpu)
        asked.subjects["copy"] = copier()
        for tokens in (1, PROMPT):
            asked.subjects[f"{kind} x {tokens}"] = held[kind].runner(tokens)
        for model, of_kinds in folders.items():
            generator = Generator.open(of_kinds[kind])
            text = generator.encode((data_home() / "pocket" / "README.md").read_text("utf-8"))
            for context in CONTEXTS:
                asked.add_generator(f"{model} {context}", generator, prompts_of(text, context, rounds))
        taken = asked.run(rounds)
        rows += _rows(kind, taken, rates_of(taken, held, kind), shapes)
    header = ["", "measured, ms", "foretold / measured: micro-benchmarks", "fitted on the first row", "wall / measured"]
    return table(header, rows)


def _rows(kind: str, taken: dict[str, np.ndarray], rates: list[Rates], shapes: dict[str, Shape]) -> list[list]:
    rows: list[list] = []
    first, begin = shapes["prepared"], CONTEXTS[0]
    place = f"prepared {begin}"
    fitted = [
        fit(first, kind, begin + TOKENS / 2, tpot, begin, ttft, each.cache)
        for tpot, ttft, each in zip(taken[f"{place} next"], taken[f"{place} first"], rates, strict=True)
    ]
    for model, shape in shapes.items():
        for context in CONTEXTS:
            middle = context + TOKENS / 2
            for what in ("next", "first"):
                found = taken[f"{model} {context} {what}"]
                two = []
                for known in (rates, fitted):
                    if what == "next":
                        ms = [predict_tpot_ms(shape, kind, middle, each) for each in known]
                    else:
                        ms = [predict_ttft_ms(shape, context, each) for each in known]
                    two.append(ratio(np.array(ms), found))
                wall = np.array([1000 * read_bytes(shape, kind, middle) / each.cache for each in rates])
                name = f"{kind}, {model}, {context} tokens: {'a token' if what == 'next' else 'first token'}"
                rows.append([name, f"{np.median(found):.1f}", *two, ratio(wall, found) if what == "next" else ""])
    return rows


def side_by_side(rounds: int, llama_cpp: Path | None) -> str:
    """The table of runtimes; ratios are to the built int4."""
    standing = prepare(print)
    assert standing.checkpoint
    generators: dict[str, Timed] = {
        f"onnxruntime-genai, {kind}": Generator.open(standing.models[kind]) for kind in standing.models
    }
    generators["torch, fp32"] = TorchGenerator.open(standing.checkpoint)
    source = find()
    if llama_cpp and source and source.place.is_file():
        generators["llama.cpp, the file's own 4 bits (Q4_1)"] = LlamaCpp(llama_cpp, source.place)
    asked = Rounds()
    encoded = Generator.open(standing.models["int4"]).encode((data_home() / "pocket" / "README.md").read_text("utf-8"))
    for name, generator in generators.items():
        asked.add_generator(name, generator, prompts_of(encoded, CONTEXTS[0], rounds))
    taken = asked.run(rounds)
    base = "onnxruntime-genai, int4"
    rows = []
    for name in generators:
        row = [name]
        for what in ("next", "first"):
            found = taken[f"{name} {what}"]
            row += [f"{np.median(found):.1f}", ratio(found, taken[f"{base} {what}"])]
        rows.append(row)
    for generator in generators.values():
        if isinstance(generator, LlamaCpp):
            generator.close()
    return table(["", "a token, ms", "of int4's", f"first token after {CONTEXTS[0]}, ms", "of int4's"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--llama-cpp", type=Path, help="where node-llama-cpp is installed")
    parser.add_argument("--only", choices=("foretold", "side-by-side"))
    parser.add_argument(
        "--cpu", action="store_true", help="foretold: the processor's time, where other work is going on"
    )
    args = parser.parse_args()
    print(host())
    if args.only != "side-by-side":
        print(foretold(args.rounds, cpu=args.cpu))
    if args.only != "foretold":
        print(side_by_side(args.rounds, args.llama_cpp))


if __name__ == "__main__":
    main()
