"""What `07_personalization` does between its exercises, with the learner's functions in it."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.datasets.dataset import Split
from edgelab.models.trained import Trained
from edgelab.personalization.adapters import Adapter, write_adapter
from edgelab.personalization.cache import ContextCache, Keep
from edgelab.personalization.costs import crowd
from edgelab.personalization.evaluation import Judged, judge
from edgelab.personalization.heads import Gradient, Heard, Weights, hear
from edgelab.personalization.kept import adapter_of
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.seen import Seen
from edgelab.personalization.store import Written, user_folder
from edgelab.personalization.users import User
from edgelab.personalization.ways import Way, by_adapter, by_base, by_cache, remember_all
from edgelab.stats.bootstrap import paired_difference
from edgelab.stats.intervals import Interval

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler


def cached(personal: PersonalBundle, users: Sequence[User], keep: Keep) -> dict[str, Way]:
    """Each person's way by a cache in which their phrases to learn from were corrected once; `keep` says who stays."""
    return {
        user.name: by_cache(personal, remember_all(personal, ContextCache(capacity=80, keep=keep), user.learn))
        for user in users
    }


def layer_gap(base: Trained, adapter: Adapter, with_pair: Callable[..., np.ndarray]) -> float:
    """How far `with_pair` lies at most from what peft's own layer answers, the adapter's first one, to 50 random rows."""
    from edgelab.personalization.adaptable import SCALE, first_layer

    layer, weight, a, b = first_layer(base, adapter.parameters)
    x = np.random.default_rng(0).normal(size=(50, weight.shape[1])).astype(np.float32)
    return float(np.abs(with_pair(x, weight, a, b, float(SCALE)) - layer(x)).max())


def adapted(personal: PersonalBundle, base: Trained, users: Sequence[User]) -> dict[str, Way]:
    """Each person's way by their adapter, learned once and kept; written to the bundle's folder, and loaded."""
    for user in users:
        write_adapter(adapter_of(base, user), user_folder(Path(personal.bundle.folder), user.name))
        personal.load_user(user.name)
    return {user.name: by_adapter(personal, user.name) for user in users}


def hear_all(
    seen: Mapping[str, Seen],
    users: Sequence[User],
    labels: Sequence[str],
    shares: Sequence[float],
    weights: Weights,
    gradient: Gradient,
) -> dict[float, dict[str, Heard]]:
    """A head for each share of replay and each person."""
    return {
        share: {user.name: hear(seen, user.name, labels, "head", share, weights, gradient) for user in users}
        for share in shares
    }


def judge_all(personal: PersonalBundle, ways: Mapping[str, Way], users: Sequence[User], base: Split) -> Judged:
    """Each person's way on their held-out phrases, and on texts of the base."""
    return judge(ways, {user.name: user.held_out for user in users}, by_base(personal), base)


def gain(before: Judged, after: Judged) -> Interval:
    """How many more of the same people's phrases are understood, as a share: paired by phrase."""
    then, now = (np.concatenate([judged.own[name] for name in before.own]) for judged in (before, after))
    return paired_difference(now.astype(float), then.astype(float))


def crowd_of(personal: PersonalBundle, adapter: Adapter, people: int, texts: Sequence[str]) -> tuple[str, ...]:
    """What so many people with adapters like this one cost, in words; their files are gone afterwards."""
    with tempfile.TemporaryDirectory() as place:
        found = crowd(personal, (adapter,), people, Path(place), list(texts))
    return (
        f"{people} people: {found.disk_bytes / 1e6:.0f} MB on disk, {found.memory_bytes / 1e6:.0f} MB more in memory",
        f"a request after the same person's: {found.same.percentile(50):.1f} ms (p50)",
        f"a request after somebody else's: {found.others.percentile(50):.1f} ms",
    )


def forged(personal: PersonalBundle, foreign: Adapter, name: str) -> Path:
    """Another base's adapter as a person's of this one, its fingerprint forged: written, loaded; the folder."""
    place = user_folder(Path(personal.bundle.folder), name)
    write_adapter(replace(foreign, base=personal.base), place)
    personal.load_user(name)
    return place


def listed(files: Sequence[Written]) -> "Styler":
    """A person's files as a table, under the folder that holds them."""
    import pandas as pd

    rows = [(file.path.name, file.size_bytes, file.holds) for file in files]
    table = pd.DataFrame(rows, columns=["file", "bytes", "what of the person it holds"])
    return table.style.hide(axis="index").set_caption(f"in {files[0].path.parent}" if files else "nothing")
