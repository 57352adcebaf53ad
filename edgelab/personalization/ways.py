"""Three ways to adapt, each as a function from a text to what was meant: the person's command, else the base's label."""

from collections.abc import Callable

import numpy as np

from edgelab.datasets.dataset import Split
from edgelab.personalization.cache import ContextCache
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.prototypes import Prototypes, choose_threshold, learn_prototypes

Way = Callable[[str], str]


def by_base(personal: PersonalBundle) -> Way:
    """Nothing of the person: the base alone."""

    def answer(text: str) -> str:
        personal.use(None)
        return personal.predict(text).meant

    return answer


def by_adapter(personal: PersonalBundle, user: str) -> Way:
    """The person's adapter, which must be in memory."""

    def answer(text: str) -> str:
        personal.use(user)
        return personal.predict(text).meant

    return answer


def by_prototypes(personal: PersonalBundle, prototypes: Prototypes) -> Way:
    """The nearest command where it is near enough, else the base: both from one run of the base's model."""

    def answer(text: str) -> str:
        personal.use(None)
        given = personal.predict(text)
        (best,), (close,) = prototypes.nearest(given.features[None])
        return prototypes.commands[best] if close >= prototypes.threshold else given.meant

    return answer


def by_cache(personal: PersonalBundle, cache: ContextCache, way: Way | None = None) -> Way:
    """What the cache remembers, else another way's answer; by default the base's."""

    def answer(text: str) -> str:
        personal.use(None)
        given = personal.predict(text)
        hit = cache.lookup(text, given.features)
        if hit is not None:
            return hit.label
        return given.meant if way is None else way(text)

    return answer


def features_of(personal: PersonalBundle, texts: tuple[str, ...]) -> np.ndarray:
    """What the base makes of texts, float32 [texts, width]; of nobody's adapter."""
    personal.use(None)
    return np.stack([personal.features(text) for text in texts])


def prototypes_of(personal: PersonalBundle, own: Split, validation: Split, most_loss: float) -> Prototypes:
    """Prototypes of a person's phrases, whose threshold costs the base at most `most_loss` of its validation split."""
    learned = learn_prototypes(features_of(personal, own.texts), own.labels)
    base = by_base(personal)
    right = np.array([base(text) == label for text, label in zip(validation.texts, validation.labels, strict=True)])
    return choose_threshold(learned, features_of(personal, validation.texts), right, most_loss)


def remember_all(personal: PersonalBundle, cache: ContextCache, own: Split) -> ContextCache:
    """A cache in which each of a person's phrases was corrected once."""
    for text, label, features in zip(own.texts, own.labels, features_of(personal, own.texts), strict=True):
        cache.remember(text, label, features)
    return cache
