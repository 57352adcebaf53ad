"""A bundle that answers for several people: one session, in which adapters are swapped from request to request."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from edgelab.personalization.adapters import BIAS, Adapter, Call, open_adapter, places, read_adapter
from edgelab.personalization.store import user_folder
from edgelab.stats.softmax import softmax

if TYPE_CHECKING:
    from onnxruntime import RunOptions


@dataclass(frozen=True)
class PersonalAnswer:
    """One answered request. `command` is the person's own that was meant, None where the base answered; `label` and
    `slots` are the call either way (`label` is the command's name where it calls no tool). `logits` [labels + commands]
    decided; `features` [width] is what the model made of the text."""

    text: str
    command: str | None
    label: str
    slots: dict[str, list[str]]
    latency_ms: float
    logits: np.ndarray = field(repr=False, compare=False)
    features: np.ndarray = field(repr=False, compare=False)

    @property
    def meant(self) -> str:
        """The person's command, else the base's label: what is compared with what was meant."""
        return self.command or self.label

    @property
    def confidence(self) -> float:
        """The probability of what was decided."""
        return float(softmax(self.logits).max())


@dataclass(frozen=True)
class _Worn:
    calls: tuple[Call, ...]
    options: "RunOptions"
    adapter: object  # ONNX Runtime reads its numbers where they are: it must live as long as the options


class PersonalBundle:
    """A loaded bundle whose model takes adapters, and the people whose adapters are in memory."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.places = places(bundle.session)
        if "adapts" not in bundle.manifest or BIAS not in self.places:
            raise BundleError(
                f"{bundle.folder}: expected a model that takes adapters, found one that takes none; "
                "`personalization.adaptable_bundle` makes such a one"
            )
        self.user: str | None = None
        self._people: dict[str, _Worn] = {}
        names = [output.name for output in bundle.session.get_outputs()]
        self._outputs = [name for name in ("intent", "personal", "features", "slots") if name in names]

    @classmethod
    def load(cls, folder: str | Path, *, threads: int = 1) -> "PersonalBundle":
        """Verify and open the bundle in that folder; a `BundleError` says what is wrong, also that it takes no adapter."""
        return cls(Bundle.load(folder, threads=threads))

    @property
    def base(self) -> str:
        """The fingerprint of the weights that an adapter must have been learned on."""
        return self.bundle.manifest["adapts"]

    @property
    def people(self) -> tuple[str, ...]:
        """Those whose adapters are in memory."""
        return tuple(self._people)

    def read(self, name: str, folder: Path | None = None) -> Adapter:
        """A person's verified adapter, as numbers; a `BundleError` says why it is none of this base."""
        return read_adapter(folder or user_folder(self.bundle.folder, name), self.base, self.places)

    def load_user(self, name: str, folder: Path | None = None) -> None:
        """Verify a person's adapter and take it into memory, from the bundle's folder or from another one. A `BundleError`
        says why it is refused: here, never when a request is answered."""
        from onnxruntime import RunOptions

        place = folder or user_folder(self.bundle.folder, name)
        calls = self.read(name, place).calls
        adapter, options = open_adapter(place), RunOptions()
        options.add_active_adapter(adapter)
        self._people[name] = _Worn(calls, options, adapter)

    def drop_user(self, name: str) -> None:
        """Take a person's adapter out of memory."""
        self._people.pop(name, None)
        if self.user == name:
            self.user = None

    def use(self, name: str | None) -> None:
        """Answer for this person from now on; None: for nobody, as the base does.

        Raises:
            KeyError: that adapter is not in memory.
        """
        if name is not None and name not in self._people:
            raise KeyError(name)
        self.user = name

    def run(self, token_ids: list[int]) -> dict[str, np.ndarray]:
        """What the model answers for the present person, by output, each of one text: `intent` [labels], `personal`
        [places], `features` [width] and, where there is a slot head, `slots` [tokens, tags]."""
        ids = np.array([token_ids], dtype=np.int64)
        worn = self._people.get(self.user) if self.user is not None else None
        feed = {"ids": ids, "mask": np.ones_like(ids)}
        answers = self.bundle.session.run(self._outputs, feed, worn.options if worn else None)
        return {name: answer[0] for name, answer in zip(self._outputs, answers, strict=True)}

    def features(self, text: str) -> np.ndarray:
        """What the model makes of a text, [width]: what the intent is read from."""
        return self.run(self.bundle.token_ids(text))["features"]

    def predict(self, text: str) -> PersonalAnswer:
        """The present person's command that is meant, or the base's label and slots."""
        start = time.perf_counter_ns()
        tokens = self.bundle.encode(text)
        found = self.run(tokens.ids)
        calls = self._people[self.user].calls if self.user is not None else ()
        logits = np.concatenate([found["intent"], found["personal"][: len(calls)]])
        place = int(logits.argmax()) - len(found["intent"])
        slots: dict[str, list[str]]
        if place >= 0:
            call = calls[place]
            command, label = call.command, call.tool or call.command
            slots = {name: [value] for name, value in call.slots.items()}
        else:
            command = None
            label, _, slots = self.bundle.read(text, tokens, found["intent"], found.get("slots"))
        latency_ms = (time.perf_counter_ns() - start) / 1e6
        return PersonalAnswer(text, command, label, slots, latency_ms, logits, found["features"])
