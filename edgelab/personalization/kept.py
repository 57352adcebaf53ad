"""A person's adapter, learned once and kept, for whoever needs it without waiting."""

from pathlib import Path

import numpy as np

from edgelab.models.trained import Trained
from edgelab.personalization.adapters import Adapter
from edgelab.personalization.base import fingerprint
from edgelab.personalization.learning import QUICK, LearningPlan, calls, learn_user
from edgelab.personalization.users import User
from edgelab.workspace import build_once


def adapter_of(base: Trained, user: User, plan: LearningPlan = QUICK) -> Adapter:
    """A person's adapter, learned once and kept."""

    def build(folder: Path) -> None:
        np.savez(folder / "adapter.npz", **learn_user(base, user, plan).adapter.parameters)  # type: ignore[arg-type]

    inputs = {"base": fingerprint(base), "user": [user.learn.texts, user.descriptions.texts], "plan": vars(plan)}
    folder = build_once("personal-adapter", build, inputs=inputs).path
    with np.load(folder / "adapter.npz") as kept:
        return Adapter({key: kept[key] for key in kept.files}, calls(user.commands), fingerprint(base))
