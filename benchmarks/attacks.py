"""Attacks on the ready-made bundle, each beside what stands against it: the tables of `09_privacy` at full length.

python -m benchmarks.attacks extraction     100 to 5,000 queries, every defence and its price, several thieves' texts
python -m benchmarks.attacks membership     three people's prototypes, with noise and without
python -m benchmarks.attacks adapters       the same of adapters; learns two for each person, and their base
python -m benchmarks.attacks perturbed      four perturbations, two normalisers and their price
python -m benchmarks.attacks tampering      what refuses which
python -m benchmarks.attacks encryption     what is exposed, what guessing takes

Each prints its table. The bundle is the project's own: `data/bundles/pocket`.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgelab.bundle.keys import new_keys
from edgelab.bundle.predict import Bundle
from edgelab.bundle.signature import sign
from edgelab.datasets.dataset import joined
from edgelab.datasets.loading import load
from edgelab.machine.host import host
from edgelab.personalization.learning import QUICK
from edgelab.personalization.users import load_users
from edgelab.privacy.encryption import decrypt_folder, encrypt_folder, guessing_seconds, new_secret, what_is_exposed
from edgelab.privacy.extraction import (
    COUNTS,
    DEFENCES,
    honest_refused,
    steal_pocket,
    victim_answers,
    worth_of_confidence,
)
from edgelab.privacy.inspection import inspect_bundle
from edgelab.privacy.membership import Game, adapter_game, prototype_game
from edgelab.privacy.perturbed import (
    OTHER_SCRIPTS,
    PERTURBATIONS,
    altered,
    judge_perturbation,
    normalise,
    normalise_hard,
)
from edgelab.privacy.tampering import try_tampering
from edgelab.stats.intervals import Interval
from edgelab.workspace import data_home

POCKET = data_home() / "bundles" / "pocket"
NOISES = (0.0, 0.01, 0.03, 0.1)


def row(*cells: object) -> str:
    """A line of a Markdown table; intervals that are shares as percentages."""
    return "| " + " | ".join(percent(cell) if isinstance(cell, Interval) else str(cell) for cell in cells) + " |"


def percent(share: Interval) -> str:
    """A share with its interval, in %."""
    return f"{100 * share.value:.1f} [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def head(*names: str) -> None:
    print(row(*names))
    print("|---" * len(names) + "|")


def pooled(values: Sequence[Interval]) -> Interval:
    """The mean over thieves; the interval is as wide as the mean one, about the mean: all are judged on the same texts."""
    return Interval(*(float(np.mean([getattr(v, name) for v in values])) for name in ("value", "low", "high")))


def print_extraction(seeds: int, counts: tuple[int, ...]) -> None:
    pocket = load("pocket")
    answers = victim_answers(POCKET, pocket.test.texts)
    right = answers.argmax(1) == np.array(pocket.label_ids(pocket.test))
    runs = [steal_pocket(POCKET, counts, seed=seed) for seed in range(seeds)]
    head("shown", *(f"{count} queries" for count in counts), "thief right", "confidence is worth", "CPU-seconds")
    for defence in DEFENCES:
        mine = [[s for s in run if s.defence == defence] for run in runs]
        agreement = [pooled([run[i].agreement for run in mine]) for i in range(len(counts))]
        accuracy = pooled([run[-1].accuracy for run in mine])
        worth = worth_of_confidence(DEFENCES[defence](answers, np.random.default_rng(0)), right)
        seconds = np.mean([sum(s.cpu_s for s in run) for run in mine])
        print(row(defence, *agreement, accuracy, worth, f"{seconds:.1f}"))
    print()
    head("limit a day", "days to 5,000, one account", "fifty accounts", "honest days refused, mean of 8 a day")
    for limit in (20, 50, 100, 200):
        print(row(limit, -(-5000 // limit), -(-5000 // (50 * limit)), honest_refused(limit, 8, users=100_000)))


def print_games(games: dict[str, list[Game]]) -> None:
    """A row for each defence, its people side by side."""
    head("kept", "person", "area under ROC", "recognized at 5 % false", "at 1 %", "others understood")
    for name, played in games.items():
        for user, game in zip(load_users(), played, strict=False):
            area = f"{game.auc:.3f}"
            print(row(name, user.name, area, game.caught(), game.caught(0.01), game.usefulness))


def print_membership() -> None:
    from edgelab.models.encoder import sentence_embedder

    embed, games = sentence_embedder(), {}
    phrases = [joined([user.learn, user.held_out]) for user in load_users()]
    seen = [(embed(p.texts), p.labels) for p in phrases]
    for noise in NOISES:
        games[f"noise {noise:g}"] = [prototype_game(features, labels, noise=noise) for features, labels in seen]
    games["16 bits"] = [prototype_game(features, labels, bits=16) for features, labels in seen]
    print_games(games)


def print_adapters(people: int) -> None:
    from edgelab.personalization.base import adaptable_base

    base = adaptable_base(load("pocket"))
    plans = {"as learned": QUICK, "a third of the steps": replace(QUICK, steps=QUICK.steps // 3)}
    print_games({name: [adapter_game(base, u, plan) for u in load_users()[:people]] for name, plan in plans.items()})


def print_perturbed() -> None:
    bundle, test = Bundle.load(POCKET), load("pocket").test

    def answer(texts: Sequence[str]) -> list[str]:
        return [found.label for found in bundle.predict_many(texts)]

    head("perturbed by", "normaliser", "clean", "perturbed", "normalised", "points given back")
    for name in PERTURBATIONS:
        for way in (normalise, normalise_hard):
            found = judge_perturbation(answer, test, name, normaliser=way)
            print(row(name, way.__name__, found.clean, found.perturbed, found.normalised, found.restored))
    print()
    head("honest texts", "changed by normalise", "by normalise_hard")
    for name, texts in {"Pocket's test": test.texts, **OTHER_SCRIPTS}.items():
        print(row(name, altered(texts), altered(texts, normalise_hard)))


def print_tampering(folder: Path) -> None:
    inside = inspect_bundle(POCKET)
    print(f"read in {inside.seconds:.2f} s: {len(inside.labels)} labels, {len(inside.tokens)} pieces of words, ")
    print(f"{inside.parameters} numbers in {len(inside.weights)} tensors, {len(inside.strings)} strings\n")
    shutil.copytree(POCKET, folder / "bundle")
    new_keys(folder / "key")
    sign(folder / "bundle", folder / "key", edition=3)
    tried = try_tampering(folder / "bundle", folder / "key.pub", folder, load("pocket").validation, at_least=3)
    head("tampering", "hashes alone", "accuracy of what loads", "signature")
    for outcome in tried:
        hashes = "refused" if outcome.by_hashes else "loads"
        print(row(outcome.kind, hashes, outcome.accuracy or "", outcome.by_signature.split(": ", 1)[1]))


def print_encryption(folder: Path) -> None:
    users = load_users()
    for user in users:
        (folder / "plain" / user.name).mkdir(parents=True)
        (folder / "plain" / user.name / "requests.json").write_text("\n".join(user.learn.texts), "utf-8")
    shutil.copytree(POCKET, folder / "plain" / "bundle")
    secret, start = new_secret(), time.perf_counter()
    encrypt_folder(folder / "plain", folder / "locked", secret)
    locked = time.perf_counter()
    decrypt_folder(folder / "locked", secret)
    print(f"encrypted in {1e3 * (locked - start):.1f} ms, opened in {1e3 * (time.perf_counter() - locked):.1f} ms\n")
    found = what_is_exposed(folder / "locked", secret, [text for user in users for text in user.learn.texts])
    head("phrases found", "share")
    print(row("in the encrypted files", found.on_disk))
    print(row("in the memory of the program that has opened them", found.in_memory))
    print()
    head("PIN of so many digits", "all guesses on one core, seconds")
    for digits in (4, 6, 8):
        print(row(digits, f"{guessing_seconds(digits):,.0f}"))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "what", choices=("extraction", "membership", "adapters", "perturbed", "tampering", "encryption")
    )
    parser.add_argument("--seeds", type=int, default=3, help="of the thief's texts")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="numbers of queries")
    parser.add_argument("--people", type=int, default=3)
    given = parser.parse_args(arguments)
    print(f"{host().cpu}\n")
    with tempfile.TemporaryDirectory() as scratch:
        tables = {
            "extraction": lambda: print_extraction(given.seeds, tuple(given.counts)),
            "membership": print_membership,
            "adapters": lambda: print_adapters(given.people),
            "perturbed": print_perturbed,
            "tampering": lambda: print_tampering(Path(scratch)),
            "encryption": lambda: print_encryption(Path(scratch)),
        }
        tables[given.what]()


if __name__ == "__main__":
    main()
