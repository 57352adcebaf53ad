"""bench, of generators: the time to the first token and per token, side by side."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab.commands.output import interval, print_json, print_table, show
from edgelab.errors import UserError

if TYPE_CHECKING:
    from edgelab.generation.timing import GeneratorTiming

REQUESTS, PROMPT, TOKENS = 20, 64, 32
OF_BUNDLES = ("data", "starts")


def are_generators(folders: list[str]) -> bool:
    """Whether these are generators, not bundles.

    Raises:
        UserError: some are and some are not: they answer in other ways, and have no time in common.
    """
    from edgelab.generation.convert import PRECISIONS

    kinds = [
        name in PRECISIONS or not (Path(name) / "bundle.json").exists() and _is_model(Path(name)) for name in folders
    ]
    if len(set(kinds)) > 1:
        other = folders[kinds.index(not kinds[0])]
        raise UserError(f"expected bundles alone or generators alone, found {folders[0]} beside {other}")
    return kinds[0]


def _is_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("genai_config.json", "config.json"))


def bench_generators(args: argparse.Namespace) -> int:
    """Time them, and print a table or JSON.

    Raises:
        UserError: an option that is for bundles.
    """
    from edgelab.generation.timing import prompts_of, time_generators
    from edgelab.machine.host import host
    from edgelab.measurement.bundles import TEXTS

    for option in OF_BUNDLES:
        if getattr(args, option):
            raise UserError(f"--{option}: expected with bundles, found generators")
    requests = args.requests or REQUESTS
    opened = {str(i): _open(name, args.threads) for i, name in enumerate(args.bundles)}  # one may be given twice
    text = opened["0"].encode(" ".join(TEXTS))
    prompts = prompts_of(text, args.prompt_tokens, requests)
    timed = time_generators(opened, prompts, tokens=args.tokens)
    found = entries(args.bundles, list(opened.values()), list(timed.values()))
    asked = {"requests": requests, "prompt_tokens": args.prompt_tokens, "tokens": args.tokens, "threads": args.threads}
    if args.json:
        print_json({"host": asdict(host()), **asked, "generators": found})
        return 0
    print_table(list(rows(found)))
    show(
        "",
        f"{requests} requests to each, interleaved: {args.prompt_tokens} tokens read, {args.tokens} written, whatever they say; "
        f"threads: {args.threads}",
        "TTFT: to the first token. TPOT: of a further one, the median within a request. Medians over requests",
        f"in brackets: 95 % intervals; faster or slower (TPOT) where that of the ratio leaves 1 behind; {host().cpu}",
    )
    return 0


def _open(named: str, threads: int) -> Any:
    """A built generator, or a checkpoint run by torch."""
    from edgelab.commands.generate import model_folder
    from edgelab.generation.config import CONFIG
    from edgelab.generation.model import Generator

    folder = model_folder(named)
    if (folder / CONFIG).exists() or not (folder / "config.json").exists():
        return Generator.open(folder, threads=threads)
    from edgelab.generation.reference import TorchGenerator

    return TorchGenerator.open(folder, threads=threads)


def entries(names: list[str], opened: list[Any], timed: "list[GeneratorTiming]") -> list[dict[str, Any]]:
    """What was measured of each, as JSON has it; ratios are to the first."""
    from edgelab.measurement.bundles import ends
    from edgelab.measurement.comparison import compare

    first, found = timed[0].tpot, []
    for i, (name, generator, timing) in enumerate(zip(names, opened, timed, strict=True)):
        found.append(
            {
                "generator": name,
                "runs_in": generator.runtime,
                "size_bytes": generator.size_bytes,
                "ttft_ms": ends(timing.ttft.interval(50)),
                "tpot_ms": ends(timing.tpot.interval(50)),
                "speed_ratio": ends(compare(timing.tpot, first, block=1).ratio),  # how much longer the first one takes
                "verdict": compare(first, timing.tpot, block=1).verdict if i else "the first",
                "ttft_samples_ms": timing.ttft.milliseconds,
                "gaps_ms": timing.gaps,
            }
        )
    return found


def rows(entries: list[dict]) -> Iterator[list[str]]:
    """The entries, a row each, after their heading."""
    columns = ["TTFT p50, ms", "TPOT p50, ms", "tokens/s", "times faster than the first", "verdict"]
    yield ["generator", "runs in", "MB", *columns]
    for entry in entries:
        speed = f"{1000 / entry['tpot_ms']['value']:.1f}"
        times = [interval(entry["ttft_ms"], ".0f"), interval(entry["tpot_ms"], ".1f"), speed]
        ratio = interval(entry["speed_ratio"], ".2f")
        yield [
            entry["generator"],
            entry["runs_in"],
            f"{entry['size_bytes'] / 1e6:.0f}",
            *times,
            ratio,
            entry["verdict"],
        ]
