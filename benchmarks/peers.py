"""What others would take for the same task, beside the teacher and a bundle: text in, label out.

python -m benchmarks.peers                              CLINC150; teacher and student as `edgelab build` trains them
python -m benchmarks.peers --data FILE --bundle DIR     a learner's file, a bundle trained on it
python -m benchmarks.peers --write                      ... and into README.md

Each learns from the same train split; what it has to choose, it chooses on validation; test is read once. fastText and
model2vec need other versions of libraries than the course: they run in a child process with an environment of its own,
made when it is missing. Requests go to every model in turn, twenty in a row to each, in an order drawn anew. The child
reads its twenty off a pipe, times each call by itself, by the same lines as the parent, and answers when it has done
all: what the pipe takes is in no figure. While one process answers, the other waits in a read, which takes no time of a
core, so both have the machine to themselves, on one thread, and a slow moment of it falls on all alike.
"""

import argparse
import json
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.peers_child import Peer, asked
from benchmarks.peers_environment import environment
from benchmarks.pocket_card import public_data, put, table
from edgelab import datasets
from edgelab.build.deploy import deploy
from edgelab.build.search_space import CANDIDATES, fit, profile, teacher_plan
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset
from edgelab.distillation.baselines import Baseline, frozen_encoder, tfidf_svc
from edgelab.distillation.students import train_student
from edgelab.distillation.teacher import train_teacher
from edgelab.machine.host import host
from edgelab.models.weights import pretrained_folder
from edgelab.stats.intervals import accuracy_interval
from edgelab.workspace import write_atomic

README = Path(__file__).parent / "README.md"
CHILD = Path(__file__).with_name("peers_child.py")
STUDENT = "convolution 48/384"
BLOCK, TOGETHER, WARMUP, REQUESTS = (
    20,
    256,
    20,
    1000,
)  # requests in a row, texts at once, asked first and not kept, timed
OF_CHILD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
OF_CHILD |= {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
OF_CHILD |= {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}

Ask = Callable[[Sequence[str], bool], tuple[list, list[int]]]


# --- who is asked -------------------------------------------------------------------------------


def of_bundle(bundle: Bundle) -> Peer:
    return Peer(
        lambda text: bundle.predict(text).label,
        lambda texts: [prediction.label for prediction in bundle.predict_many(texts)],
        bundle.size_bytes,
    )


def of_baseline(baseline: Baseline) -> Peer:
    return Peer(baseline.predict, lambda texts: baseline.predict_all(tuple(texts)), baseline.size_bytes)


def here(data: Dataset, teacher: Path, bundles: Sequence[Path]) -> dict[str, Peer]:
    """The models of this process."""
    import torch

    torch.set_num_threads(1)
    found = {"teacher fp32": of_bundle(Bundle.load(teacher))}
    for folder in bundles:
        bundle = Bundle.load(folder)
        found[bundle.manifest["model"]] = of_bundle(bundle)
    return found | {b.name: of_baseline(b) for b in (tfidf_svc(data), frozen_encoder(data))}


@contextmanager
def child(data: Dataset, python: Path) -> Iterator[tuple[dict[str, int], Callable[[str], Ask]]]:
    """The child with its models trained: the bytes of each, and how to ask the one of a name. Its labels are numbers."""
    with tempfile.TemporaryDirectory(prefix="edgelab-") as scratch:
        splits = {name: getattr(data, name) for name in ("train", "validation")}
        task = {name: (split.texts, data.label_ids(split)) for name, split in splits.items()}
        file = Path(scratch) / "task.json"
        file.write_text(json.dumps(task | {"encoder": str(pretrained_folder())}), "utf-8")
        settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | OF_CHILD
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        with subprocess.Popen([python, CHILD, file, scratch], env=settings, **pipes) as running:

            def line() -> str:
                if not (said := running.stdout.readline()):
                    raise RuntimeError(f"{CHILD.name} ended with {running.wait()}")
                return said

            def ask_for(name: str) -> Ask:
                def ask(texts: Sequence[str], together: bool) -> tuple[list, list[int]]:
                    print(
                        json.dumps({"name": name, "texts": texts, "together": together}), file=running.stdin, flush=True
                    )
                    numbers, spent = json.loads(line())
                    return [data.labels[number] for number in numbers], spent

                return ask

            try:
                yield json.loads(line()), ask_for
            finally:
                running.stdin.close()  # where it ends


# --- asked --------------------------------------------------------------------------------------


def interleaved(
    asks: dict[str, Ask], texts: Sequence[str], block: int, *, together: bool
) -> dict[str, tuple[list, list[int]]]:
    """Every block of texts to every model, in an order drawn anew: of each model its labels, and nanoseconds."""
    draw, order = random.Random(0), list(asks)
    found: dict[str, tuple[list, list[int]]] = {name: ([], []) for name in order}
    for start in range(0, len(texts), block):
        draw.shuffle(order)
        for name in order:
            labels, spent = asks[name](list(texts[start : start + block]), together)
            found[name][0].extend(labels)
            found[name][1].extend(spent)
    return found


def measure(asks: dict[str, Ask], sizes: dict[str, int], data: Dataset) -> list[dict]:
    """A row for each model. Test is read once, many texts at a time; single requests are drawn from validation."""
    test, texts = data.test, data.validation.texts
    drawn = random.Random(0).choices(texts, k=REQUESTS)
    for ask in asks.values():
        ask(drawn[:WARMUP], False)
    single = interleaved(asks, drawn, BLOCK, together=False)
    many = interleaved(asks, test.texts, TOGETHER, together=True)
    rows = []
    for name in asks:
        labels, spent = many[name]
        ms = np.array(single[name][1]) / 1e6
        correct = np.array([label == gold for label, gold in zip(labels, test.labels, strict=True)])
        rows.append(
            {
                "name": name,
                "accuracy": accuracy_interval(correct),
                "size_mb": sizes[name] / 1e6,
                "p50": float(np.percentile(ms, 50)),
                "p90": float(np.percentile(ms, 90)),
                "per_second": len(labels) / (sum(spent) / 1e9),
            }
        )
    return sorted(rows, key=lambda row: row["size_mb"])


def figures(rows: list[dict], data: Dataset) -> str:
    header = ["model", "accuracy, test, %", "size, MB", "p50, ms", "p90, ms", "a second, many at once"]
    cells = [
        [
            row["name"],
            f"{100 * row['accuracy'].value:.1f} [{100 * row['accuracy'].low:.1f}, {100 * row['accuracy'].high:.1f}]",
            f"{row['size_mb']:.3f}",
            f"{row['p50']:.3f}",
            f"{row['p90']:.3f}",
            f"{row['per_second']:,.0f}",
        ]
        for row in rows
    ]
    return (
        f"{table(header, cells)}\n\n{data.name}, {len(data.train):,} texts to learn from, {len(data.test):,} of test. "
        f"Intervals: 95 %. {REQUESTS:,} single requests; {TOGETHER} texts at once. One thread; {host().cpu}, {host().cores} cores."
    )


def trained(data: Dataset) -> tuple[Path, Path]:
    """The teacher's bundle and the student's in 4 bits, as `edgelab build` makes them."""
    found = profile(data)
    teacher = train_teacher(data, teacher_plan(found))
    student = next(fit(s, found) for s in CANDIDATES if s.spec.name == STUDENT)
    _, deployed = deploy(train_student(student.spec, (teacher,), student.plan), ("int4",))
    return teacher.bundle(), next(iter(deployed.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="clinc150", help="clinc150, snips2017, pocket, or a file of your own")
    parser.add_argument("--teacher", type=Path, help="its bundle, if it is trained already")
    parser.add_argument(
        "--bundle", type=Path, action="append", help="of a student, trained on the same data; may come again"
    )
    parser.add_argument("--write", action="store_true", help="put the table into README.md, too")
    given = parser.parse_args()
    python = environment()
    with public_data():
        data = datasets.load(given.data)
    teacher, bundles = given.teacher, given.bundle
    if teacher is None or bundles is None:
        of_teacher, of_student = trained(data)
        teacher, bundles = teacher or of_teacher, bundles or [of_student]
    for folder in (teacher, *bundles):
        if Bundle.load(folder).manifest["trained_on"]["fingerprint"] != data.labelled.fingerprint:
            parser.error(f"{folder}: expected a bundle trained on {data.name}, found one trained on other data")
    own = here(data, teacher, bundles)
    with child(data, python) as (sizes, ask_for):
        asks: dict[str, Ask] = {
            name: lambda texts, together, peer=peer: asked(peer, texts, together=together) for name, peer in own.items()
        }
        asks |= {name: ask_for(name) for name in sizes}
        sizes |= {name: peer.size_bytes for name, peer in own.items()}
        with threadpool_limits(1):
            text = figures(measure(asks, sizes, data), data)
    if given.write:
        write_atomic(README, put(README.read_text("utf-8"), "peers", text))
    print(text)


if __name__ == "__main__":
    main()
