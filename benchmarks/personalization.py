"""Three ways to adapt to the people of Pocket, what each gains and costs; and a thousand people's adapters on one base.

python -m benchmarks.personalization choose      plans tried on the people's own phrases, some set aside in turn
python -m benchmarks.personalization judge       held-out phrases and the base's test split, read once; over replay, too
python -m benchmarks.personalization costs       bytes, swap, added latency
python -m benchmarks.personalization crowd       a thousand people
python -m benchmarks.personalization scores      data/figures/personal_scores.npz, by which 07's plan is judged

Each but the last prints its tables. All that is learned is learned anew.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgelab import datasets
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Split, joined
from edgelab.distillation.substitution import substituted
from edgelab.machine.host import host
from edgelab.models.trained import Trained
from edgelab.personalization import heads, plan_exercise
from edgelab.personalization.adapters import write_adapter
from edgelab.personalization.base import adaptable_base, adaptable_bundle
from edgelab.personalization.cache import ContextCache
from edgelab.personalization.costs import added_latency, crowd, swap_samples
from edgelab.personalization.evaluation import Judged, judge
from edgelab.personalization.learning import Learned, LearningPlan, calls, learn_adapter, learn_user
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.replay import replay_weights
from edgelab.personalization.seen import right_of, see_all
from edgelab.personalization.store import user_folder, written
from edgelab.personalization.users import FOLDS, load_users
from edgelab.personalization.ways import Way, by_adapter, by_base, by_cache, by_prototypes, prototypes_of, remember_all
from edgelab.stats.samples import LatencySamples

PRECISIONS = ("fp32", "int8", "int4 blocks", "int4 packed")
MOST_LOSS = 0.03  # of the base's validation split, for the prototypes' threshold
PLAN = LearningPlan()
PLANS = {
    "as shipped": PLAN,
    "no pairs, the places alone": replace(PLAN, lr=0.0),
    "twice the learning rate of pairs": replace(PLAN, lr=2 * PLAN.lr),
    "twice the steps": replace(PLAN, steps=2 * PLAN.steps),
    "rank 8": replace(PLAN, rank=8),
    "all old texts kept": replace(PLAN, replayed=5216),
    "replay .75": replace(PLAN, replay=0.75),
}
REPLAYS = (0.0, 0.25, 0.75)  # beside the shipped share
TRIED = (0, 2)  # of four folds: the others would double the time
TEXTS = 300  # requests timed


def pocket_base() -> Trained:
    """The base of Pocket: as the teacher it also learns from the examples with other values in their slots."""
    pocket = datasets.load("pocket")
    return adaptable_base(pocket, more=substituted(pocket.train, seed=0))


def wear(personal: PersonalBundle, learned: Mapping[str, Learned], folder: Path) -> dict[str, Way]:
    """Write adapters into a folder, load them, and give each person's way."""
    for name, found in learned.items():
        write_adapter(found.adapter, folder / name)
        personal.load_user(name, folder / name)
    return {name: by_adapter(personal, name) for name in learned}


def row(name: str, judged: Judged, more: str = "") -> None:
    gained, lost = judged.gained, judged.lost
    spread = f"{100 * gained.value:.1f} [{100 * gained.low:.1f}, {100 * gained.high:.1f}]"
    print(
        f"| {name} | {spread} | {100 * lost.value:.1f} [{100 * lost.low:.1f}, {100 * lost.high:.1f}] | {more} |",
        flush=True,
    )


def costs_of(learned: Mapping[str, Learned]) -> str:
    seconds = np.mean([found.cpu_s for found in learned.values()])
    return f"{seconds:.0f} s | {np.mean([found.adapter.size_bytes for found in learned.values()]) / 1000:.0f} KB"


def print_choice(base: Trained) -> None:
    """Each plan, judged on phrases that were set aside and on the base's validation split."""
    print("| plan | set aside, right, % | base's validation lost, points | learning, CPU | adapter |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, plan in PLANS.items():
        personal = PersonalBundle.load(adaptable_bundle(base, rank=plan.rank))
        learned: dict[str, Learned] = {}
        aside: dict[str, Split] = {}
        for user in load_users():
            folds = list(user.folds())
            for fold in TRIED:
                own, aside[f"{user.name}-{fold}"] = joined([folds[fold][0], user.descriptions]), folds[fold][1]
                learned[f"{user.name}-{fold}"] = learn_adapter(base, own, calls(user.commands), plan)
        with tempfile.TemporaryDirectory() as folder:
            ways = wear(personal, learned, Path(folder))
            row(name, judge(ways, aside, by_base(personal), base.dataset.validation), costs_of(learned))


def print_judgement(base: Trained, folder: Path, every: int, replays: tuple[float, ...]) -> None:
    """The three ways on held-out phrases and on every so-manieth text of the base's test, each precision, and the trade-off
    over replay."""
    users, pocket = load_users(), base.dataset
    test = pocket.test.where(lambda i: i % every == 0)
    print(f"{sum(len(u.held_out) for u in users)} held-out phrases, {len(test)} texts of the test\n")
    held_out = {user.name: user.held_out for user in users}
    personal = PersonalBundle.load(adaptable_bundle(base))
    print("| way | held-out phrases, right, % | base's test lost, points | learning, CPU | bytes |")
    print("| --- | ---: | ---: | ---: | ---: |")
    nobody = by_base(personal)

    def tell(name: str, ways: dict[str, Way], more: str) -> None:
        row(name, judge(ways, held_out, nobody, test), more)

    prototypes = {
        u.name: prototypes_of(personal, joined([u.learn, u.descriptions]), pocket.validation, MOST_LOSS) for u in users
    }
    size = np.mean([p.size_bytes for p in prototypes.values()]) / 1000
    tell("prototypes", {n: by_prototypes(personal, p) for n, p in prototypes.items()}, f"0 s | {size:.0f} KB")
    caches = {u.name: remember_all(personal, ContextCache(capacity=128), u.learn) for u in users}
    size = np.mean([sum(len(e.text) + len(e.vector) for e in c.entries) for c in caches.values()]) / 1000
    tell("cache", {n: by_cache(personal, c) for n, c in caches.items()}, f"0 s | {size:.0f} KB")
    learned = {user.name: learn_user(base, user) for user in users}
    ways = wear(personal, learned, folder)
    tell("adapter", ways, costs_of(learned))
    tell("cache, then adapter", {n: by_cache(personal, caches[n], way) for n, way in ways.items()}, costs_of(learned))
    for precision in PRECISIONS[1:]:
        other = PersonalBundle.load(adaptable_bundle(base, precision))
        judged = judge(wear(other, learned, folder), held_out, by_base(other), test)
        row(f"adapter, {precision}", judged, costs_of(learned))
    for share in replays:
        plan = replace(PLAN, replay=share, most_loss=None)
        at_share = {user.name: learn_user(base, user, plan) for user in users}
        with tempfile.TemporaryDirectory() as scratch:
            tell(f"replay {share:.0%}, as learned", wear(personal, at_share, Path(scratch)), costs_of(at_share))


def print_samples(samples: dict[str, LatencySamples]) -> None:
    for name, taken in samples.items():
        half, most = taken.interval(50), taken.percentile(99)
        print(f"| {name} | {half:.3f} | {most:.3f} |", flush=True)


def print_costs(base: Trained, folder: Path) -> None:
    """Bytes on disk, swaps, added latency at each precision; one person learns, the others wear the same."""
    users = load_users()
    one = learn_user(base, users[0], replace(PLAN, steps=5)).adapter
    for precision in PRECISIONS:
        place = folder / precision.replace(" ", "-")
        source = adaptable_bundle(base, precision)
        place.mkdir()
        for file in source.iterdir():
            (place / file.name).symlink_to(file)
        for user in users:
            write_adapter(one, user_folder(place, user.name))
        personal, names = PersonalBundle.load(place), tuple(user.name for user in users)
        print(f"\n{precision}: {sum(w.size_bytes for w in written(place, names[0]))} bytes a person on disk\n")
        print("| what | p50, ms | p99, ms |\n| --- | ---: | ---: |")
        print_samples(swap_samples(personal, names))
        texts = list(base.dataset.validation.texts[:TEXTS])
        plain = Bundle.load(plain_bundle(base, precision))
        print_samples(added_latency(plain, personal, names, texts, block=5))


def plain_bundle(base: Trained, precision: str) -> Path:
    """The same weights where no adapter fits."""
    from edgelab.quantization.conversion import convert

    return base.bundle() if precision == "fp32" else convert(base, precision).bundle()


def print_crowd(base: Trained, folder: Path, people: int) -> None:
    """So many people's adapters on the int8 base."""
    one = learn_user(base, load_users()[0], replace(PLAN, steps=5)).adapter
    personal = PersonalBundle.load(adaptable_bundle(base, "int8"))
    found = crowd(personal, (one,), people, folder, list(base.dataset.validation.texts))
    print(
        f"{found.people} people: {found.disk_bytes / 1e6:.0f} MB on disk, {found.memory_bytes / 1e6:.0f} MB in memory\n"
    )
    print("| what | p50, ms | p99, ms |\n| --- | ---: | ---: |")
    print_samples({"load": found.load, "the same person": found.same, "another each time": found.others})


def write_scores(base: Trained) -> None:
    """How each text is heard by each way, learned with each replay share: from folds, to choose by, and from all."""
    users, personal = load_users(), PersonalBundle.load(adaptable_bundle(base, "int8"))
    seen, labels = see_all(personal, users, base.dataset), personal.bundle.labels
    arrays = {f"right {split}": right for split, right in right_of(seen, labels).items()}
    for way, replays in plan_exercise.CHOICES.items():
        for replay in replays:
            settings = (labels, way, replay, replay_weights)
            aside = [[heads.hear_aside(seen, u.name, *settings, fold) for fold in range(FOLDS)] for u in users]
            heard = [heads.hear(seen, u.name, *settings) for u in users]
            arrays |= plan_exercise.packed(way, replay, aside, heard)
            print(way, replay, flush=True)
    np.savez_compressed(plan_exercise.FILE, **arrays)  # type: ignore[arg-type]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("choose", "judge", "costs", "crowd", "scores"))
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--every", type=int, default=1, help="judge by every so-manieth text of the base's test")
    parser.add_argument("--replays", type=float, nargs="*", default=REPLAYS)
    given = parser.parse_args(arguments)
    base = pocket_base()
    print(f"{base.note}\n{host().cpu}\n")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tables: dict[str, Callable[[], object]] = {
            "choose": lambda: print_choice(base),
            "judge": lambda: print_judgement(base, folder, given.every, tuple(given.replays)),
            "costs": lambda: print_costs(base, folder),
            "crowd": lambda: print_crowd(base, folder, given.people),
            "scores": lambda: write_scores(base),
        }
        tables[given.what]()


if __name__ == "__main__":
    main()
