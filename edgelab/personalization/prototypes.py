"""No training: a command is the mean of what its phrases look like to the model, and the nearest one is meant.

(Snell, Swersky and Zemel 2017, with the cosine for the distance.)
"""

import reprlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgelab.bundle.manifest import BundleError, are_names
from edgelab.declarations import Stored

DECLARED = (
    Stored(
        what="the names of a person's commands, and the mean of what their phrases look like to the model",
        where="{bundle}/users/*/prototypes.npz",
        how_long="until the person forgets them",
        about="user",
        part="pocket",
    ),
)


@dataclass(frozen=True)
class Prototypes:
    """A vector of length 1 for each command, float32 [commands, width], and the cosine from which on it is meant; below
    `threshold` the base answers."""

    commands: tuple[str, ...]
    vectors: np.ndarray
    threshold: float = -1.0

    @property
    def size_bytes(self) -> int:
        """What they take on disk, at 16 bits a number."""
        return self.vectors.size * 2

    def similarities(self, features: np.ndarray) -> np.ndarray:
        """The cosine of each text to each command, [texts, commands], from features [texts, width]."""
        return unit(features) @ self.vectors.T

    def nearest(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The place of the nearest command of each text, and its cosine, both [texts]."""
        close = self.similarities(features)
        best = close.argmax(1)
        return best, close[np.arange(len(best)), best]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [..., width] scaled to length 1; of length 0 they stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def learn_prototypes(features: np.ndarray, commands: Sequence[str]) -> Prototypes:
    """The mean direction of each command's phrases.

    Args:
        features: float [phrases, width].
        commands: the command of each phrase; they are kept in the order of their first phrase.

    Raises:
        ValueError: not one command for each phrase, or no phrase.
    """
    if len(features) != len(commands) or not len(features):
        raise ValueError(f"expected a command for each phrase, found {len(commands)} for {len(features)}")
    names, of_phrase = tuple(dict.fromkeys(commands)), np.array(commands)
    directions = unit(features)
    return Prototypes(names, unit(np.stack([directions[of_phrase == name].mean(0) for name in names])))


def choose_threshold(
    prototypes: Prototypes, base_features: np.ndarray, base_right: np.ndarray, loss: float
) -> Prototypes:
    """With the lowest threshold at which the commands take at most a share `loss` of what the base gets right.

    Args:
        base_features: of texts that are meant for the base, [texts, width]: its validation split.
        base_right: whether it answers each of them rightly, bool [texts].
    """
    _, close = prototypes.nearest(base_features)
    taken = np.sort(close[base_right])[::-1]
    allowed = int(loss * len(base_right))
    # Just above the first cosine that would be one too many.
    threshold = float(np.nextafter(taken[allowed], np.float32(2))) if allowed < len(taken) else -1.0
    return replace(prototypes, threshold=threshold)


def save_prototypes(prototypes: Prototypes, file: Path) -> None:
    """Write them, at 16 bits a number."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as opened:
        np.savez(
            opened,
            commands=np.array(prototypes.commands),
            vectors=prototypes.vectors.astype(np.float16),
            threshold=prototypes.threshold,
        )


def load_prototypes(file: Path) -> Prototypes:
    """What `save_prototypes` wrote.

    Raises:
        BundleError: it is no such file.
    """
    try:
        with np.load(file, allow_pickle=False) as kept:
            vectors, commands = kept["vectors"].astype(np.float32), kept["commands"].tolist()
            found = Prototypes(tuple(commands), vectors, float(kept["threshold"]))
        if not are_names(commands) or vectors.ndim != 2 or len(vectors) != len(commands):
            raise BundleError(
                f"{file}: expected a person's prototypes, found {vectors.shape} for {reprlib.repr(commands)}"
            )
        if not np.isfinite(vectors).all() or np.isnan(found.threshold):
            raise BundleError(f"{file}: expected a person's prototypes, found numbers that are none")
        return found
    except (
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        EOFError,
        RuntimeError,
        zipfile.BadZipFile,
    ) as error:
        # RuntimeError: a damaged flag says that it is encrypted, or of a kind that zipfile does not know
        raise BundleError(f"{file}: expected a person's prototypes: {' '.join(str(error).split())}") from None
