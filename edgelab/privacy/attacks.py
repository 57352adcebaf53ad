"""What `09_privacy` shows of attacks: defences beside their prices, games, offers of bundles, tables."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.keys import new_keys
from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from edgelab.bundle.signature import load_signed, sign
from edgelab.datasets.dataset import Split, joined
from edgelab.personalization.users import load_users
from edgelab.privacy.extraction import DEFENCES, Stolen, victim_answers, worth_of_confidence
from edgelab.privacy.membership import Game, prototype_game
from edgelab.privacy.notebook import scratch, shown, side_by_side
from edgelab.privacy.perturbed import OTHER_SCRIPTS, PERTURBATIONS, Perturbed, judge_perturbation
from edgelab.privacy.tampering import Outcome

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler


def defences(stolen: Sequence[Stolen], folder: Path, split: Split) -> "pd.DataFrame":
    """A row for each defence: how far the thief came with the most queries, and what an honest app still reads out of the
    confidence that is shown (0.5 is nothing)."""
    import pandas as pd

    bundle = Bundle.load(folder)
    answers, generator = victim_answers(folder, split.texts), np.random.default_rng(0)
    right = np.array([bundle.labels[place] for place in answers.argmax(1)]) == np.array(split.labels)
    most, rows = max(each.queries for each in stolen), []
    for each in stolen:
        if each.queries == most:
            worth = worth_of_confidence(DEFENCES[each.defence](answers, generator), right)
            rows.append((each.defence, f"{each.agreement:.3f}", f"{each.accuracy:.3f}", f"{worth:.3f}"))
    return pd.DataFrame(
        rows, columns=["what is shown", f"agrees after {most:,}", "thief is right", "worth of confidence"]
    )


def phrases_of(person: int) -> tuple[Split, np.ndarray]:
    """All phrases of one of the people that Pocket knows, and what a public encoder makes of them, [phrases, width]."""
    from edgelab.models.encoder import sentence_embedder

    user = load_users()[person]
    phrases = joined([user.learn, user.held_out])
    return phrases, sentence_embedder()(phrases.texts)


def games(features: np.ndarray, commands: Sequence[str], noises: Sequence[float]) -> dict[float, Game]:
    """The game of membership, by how much noise is added to the prototypes before they are kept."""
    return {noise: prototype_game(features, commands, noise=noise) for noise in noises}


def membership_table(found: Mapping[float, Game], recognized: Mapping[float, float]) -> "pd.DataFrame":
    """A row for each noise: what the attacker gains, and whether phrases that were not taught are still understood."""
    import pandas as pd

    rows = [
        (f"{noise:g}", f"{100 * recognized[noise]:.1f}", f"{game.auc:.3f}", f"{game.usefulness:.3f}")
        for noise, game in found.items()
    ]
    return pd.DataFrame(rows, columns=["noise", "recognized, %", "area under the curve", "others understood"])


# --- bundles ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Maker:
    """A signed bundle, and the two files of its maker's key."""

    bundle: Path
    private: Path
    public: Path


def signed_copy(folder: Path, edition: int) -> Maker:
    """A copy of a bundle, signed with a new key."""
    place = scratch("signed")
    copy, private = place / "bundle", place / "maker.key"
    shutil.copytree(folder, copy)
    _, public = new_keys(private)
    sign(copy, private, edition=edition)
    return Maker(copy, private, public)


def tampering_table(tried: Sequence[Outcome]) -> "Styler":
    """A row for each tampering: what refuses it, in the words after the file's name, and how often it is right where it loads."""
    import pandas as pd

    rows = [
        (
            each.kind,
            _reason(each.by_hashes),
            f"{each.accuracy:.2f}" if each.accuracy else "-",
            _reason(each.by_signature),
        )
        for each in tried
    ]
    return shown(pd.DataFrame(rows, columns=["tampering", "hashes alone", "right, if it loads", "signature"]))


def _reason(message: str) -> str:
    """What a refusal says, without the path before it and the keys in it."""
    return message.split(": ", 1)[-1] if message else "loads"


@dataclass(frozen=True)
class Offer:
    """A bundle that a device is offered: the edition that it claims, and whether its signature fits."""

    what: str
    edition: int
    sound: bool


def offered(maker: Maker) -> list[Offer]:
    """A week of a device that has edition 2: what it is offered, by its maker and by others."""
    offers: list[Offer] = []
    folder = scratch("offers")

    def offer(what: str, edition: int, alter: Callable[[Path], object] = lambda copy: None) -> None:
        copy = folder / str(len(offers))
        shutil.copytree(maker.bundle, copy)
        sign(copy, maker.private, edition=edition)
        alter(copy)
        claimed = json.loads(json.loads((copy / "bundle.sig").read_text("utf-8"))["signed"])["edition"]
        offers.append(Offer(what, claimed, loads(copy, maker.public)))

    offer("edition 3", 3)
    offer("edition 3 again, to mend a file", 3)
    offer("a forged edition 999", 4, _forge)
    offer("edition 4, a bit flipped", 4, _flip)
    offer("edition 5", 5)
    offer("edition 4, which was missed", 4)
    return offers


def _forge(copy: Path) -> None:
    """Claim a later edition, without the key."""
    file = copy / "bundle.sig"
    file.write_text(file.read_text("utf-8").replace('\\"edition\\": 4', '\\"edition\\": 999'), "utf-8")


def _flip(copy: Path) -> None:
    content = bytearray((copy / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "model.onnx").write_bytes(content)


def loads(folder: Path, public: Path) -> bool:
    """Whether a bundle loads with its maker's public key."""
    try:
        load_signed(folder, public)
    except BundleError:
        return False
    return True


# --- perturbed requests ----------------------------------------------------------------------------


def perturb(bundle: Bundle, split: Split, normalise: Callable[[str], str]) -> dict[str, Perturbed]:
    """What each of PERTURBATIONS does to a bundle, and what a normaliser gives back, by its name."""

    def answer(texts: Sequence[str]) -> list[str]:
        return [found.label for found in bundle.predict_many(texts)]

    return {name: judge_perturbation(answer, split, name, normaliser=normalise) for name in PERTURBATIONS}


def perturbed_table(judged: Mapping[str, Perturbed]) -> "pd.DataFrame":
    """A row for each perturbation: accuracy without, with, and normalised."""
    rows = {name: (each.clean, each.perturbed, each.normalised) for name, each in judged.items()}
    return side_by_side(rows, ("as it is", "perturbed", "normalised"))


def untouched(normalise: Callable[[str], str]) -> list[str]:
    """In which languages all honest requests of `OTHER_SCRIPTS` come back as they were."""
    return [name for name, texts in OTHER_SCRIPTS.items() if all(normalise(text) == text for text in texts)]


def tricked(split: Split, kind: str, normalise: Callable[[str], str], seed: int = 0) -> Split:
    """A split's texts, perturbed and normalised again; the places of its slots no longer fit, so they are gone."""
    rng = np.random.default_rng(seed)
    return replace(split, texts=tuple(normalise(PERTURBATIONS[kind](text, rng)) for text in split.texts), spans=None)
