"""The quality bar as a form: what a product asks of the model that ships, as data."""

import json
import reprlib
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from edgelab.errors import UserError
from edgelab.selection.rule import misses

SHARES = ("min_calls", "min_accuracy", "max_high_stakes", "max_private", "min_coverage")
AMOUNTS = ("min_retention", "max_p95_ms", "max_mb", "max_memory_mb")
HERE = "this machine"  # the tier whose latencies were timed, not scaled


class FormError(UserError):
    """The form asks for what means nothing; the message names the field and what was expected."""


@dataclass(frozen=True)
class Requirements:
    """What is asked of a model to ship; None is not asked. Shares lie from 0 to 1.

    Args:
        min_calls: share of requests whose call is right as a whole: the label and every slot.
        min_accuracy: share of requests whose label is right.
        min_retention: right calls over those of `reference` on the same requests (labels, where there are no slots).
        max_high_stakes: share of all requests on which a tool of high stakes is called that was not asked for.
        max_private: share of requests with which a private value leaves the device.
        max_p95_ms: the 95th percentile of the latency on `tier`.
        max_mb, max_memory_mb: the bundle's size and its resident memory, in millions of bytes.
        min_coverage: share of the install base that the model reaches.
        tier: the name under which the rows keep their latencies.
        reference: the name of the row that `min_retention` is over.

    Raises:
        FormError: a field that means nothing.
    """

    min_calls: float | None = None
    min_accuracy: float | None = None
    min_retention: float | None = None
    max_high_stakes: float | None = None
    max_private: float | None = None
    max_p95_ms: float | None = None
    max_mb: float | None = None
    max_memory_mb: float | None = None
    min_coverage: float | None = None
    tier: str = HERE
    reference: str = "teacher"

    def __post_init__(self) -> None:
        for name in (*SHARES, *AMOUNTS):
            value = getattr(self, name)
            if value is None:
                continue
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 <= value <= (1 if name in SHARES else sys.float_info.max):
                wanted = "a share from 0 to 1" if name in SHARES else "a number from 0"
                raise FormError(f"{name} is {reprlib.repr(value)}: expected {wanted}, or nothing")
        for name in ("tier", "reference"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise FormError(f"{name} is {reprlib.repr(getattr(self, name))}: expected a name")

    @property
    def asked(self) -> dict[str, float]:
        """What is asked alone, by field, in the order of the form."""
        given = {name: value for name, value in asdict(self).items() if name in (*SHARES, *AMOUNTS)}
        return {name: float(value) for name, value in given.items() if value is not None}

    def but(self, bounds: dict[str, float]) -> "Requirements":
        """The same with other bounds, by field."""
        return Requirements.of(asdict(self) | bounds)

    @classmethod
    def of(cls, given: Any) -> "Requirements":
        """From a JSON object, as `asdict` gives it or a learner writes it.

        Raises:
            FormError: no object, or a field that the form does not have.
        """
        names = [field.name for field in fields(cls)]
        if not isinstance(given, dict) or (unknown := [str(name) for name in given if name not in names]):
            found = ", ".join(unknown) if isinstance(given, dict) else reprlib.repr(given)
            found = found.encode("utf-8", "backslashreplace").decode()  # JSON may hold half a character
            raise FormError(f"expected fields of {', '.join(names)}; found {found}")
        return cls(**given)

    @classmethod
    def read(cls, file: Path) -> "Requirements":
        """The same from a JSON file.

        Raises:
            FormError: unreadable, no JSON, or no form.
        """
        try:
            return cls.of(json.loads(file.read_text("utf-8")))
        except (OSError, ValueError, RecursionError) as error:
            raise FormError(f"{file}: expected a form in JSON: {error}") from None
        except FormError as error:
            raise FormError(f"{file}: {error}") from None


def judge_card(card: dict[str, float], requirements: Requirements) -> list[str]:
    """What a model's card fails of what is asked, as readable reasons; empty when it may ship.

    `card` has a value for each measure, named as the form's fields without `min_` and `max_`: `calls`, `p95_ms`, ...; one
    that is absent was not measured, which clears nothing.
    """
    asked = requirements.asked
    unknown = [name for name in asked if name.partition("_")[2] not in card]
    known = {name: bound for name, bound in asked.items() if name not in unknown}
    return misses(card, known) + [f"{name.partition('_')[2]} was not measured" for name in unknown]
