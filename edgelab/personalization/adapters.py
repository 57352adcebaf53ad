"""A person's adapter as a file of the bundle: written with its base's fingerprint, refused at load on any other base.

ONNX Runtime would notice a wrong name or shape only when it runs, and a wrong base never.
"""

import contextlib
import hashlib
import json
import math
import os
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.bundle.manifest import LARGEST_MB, BundleError, are_names, is_sha256, is_text
from edgelab.declarations import Stored
from edgelab.errors import try_to_write
from edgelab.workspace import write_atomic

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, LoraAdapter

DECLARED = (
    Stored(
        what="numbers learned from a person's phrases; no phrase",
        where="{bundle}/users/*/adapter.onnx_adapter",
        how_long="until the person forgets them",
        about="user",
        part="pocket",
    ),
    Stored(
        what="the names of a person's commands, and what each calls, with its values",
        where="{bundle}/users/*/person.json",
        how_long="until the person forgets them",
        about="user",
        part="pocket",
    ),
)

ADAPTER, PERSON = "adapter.onnx_adapter", "person.json"
BIAS = "own.bias"  # of the places for a person's commands: its length says how many there are


@dataclass(frozen=True)
class Call:
    """What a command does: a tool of the assistant with fixed slots, or, where `tool` is None, something new."""

    command: str
    tool: str | None
    slots: dict[str, str]


@dataclass(frozen=True)
class Adapter:
    """What was learned for a person: `parameters` by name, float32; what each of the model's places for commands calls;
    the fingerprint of the `base` weights that it was learned on."""

    parameters: dict[str, np.ndarray]
    calls: tuple[Call, ...]
    base: str

    @property
    def size_bytes(self) -> int:
        """Its numbers alone."""
        return sum(value.nbytes for value in self.parameters.values())


def write_adapter(adapter: Adapter, folder: Path) -> None:
    """Write a person's adapter into a folder: the numbers in ONNX Runtime's format, and `person.json`, which says what
    they are.

    Raises:
        BundleError: the folder takes no file; an adapter that was there is there still.
    """
    from onnxruntime import AdapterFormat, OrtValue

    # ONNX Runtime keeps no copy: the values must live until they are written.
    values = {name: OrtValue.ortvalue_from_numpy(np.ascontiguousarray(v)) for name, v in adapter.parameters.items()}
    made = AdapterFormat()
    made.set_adapter_version(1)
    made.set_model_version(1)
    made.set_parameters(values)
    scratch = folder / f".{ADAPTER}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try_to_write(folder)  # ONNX Runtime does not tell the system's reason
        made.export_adapter(str(scratch))
        content = {
            "base": adapter.base,
            "sha256": _sha256(scratch),
            "calls": [asdict(call) for call in adapter.calls],
        }
        os.replace(scratch, folder / ADAPTER)
        write_atomic(folder / PERSON, json.dumps(content, indent=1))
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "is the disk full?"
        raise BundleError(f"{folder}: an adapter cannot be written there: {reason}") from None
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)


def places(session: "InferenceSession") -> dict[str, tuple[int, ...]]:
    """What a model lets an adapter replace: names and shapes; none where it takes no adapter."""
    return {value.name: tuple(value.shape) for value in session.get_overridable_initializers()}


def read_adapter(folder: Path, base: str, expected: Mapping[str, tuple[int, ...]]) -> Adapter:
    """A person's adapter, verified against the base that is to wear it.

    Args:
        base: the base's fingerprint, `adapts` of its manifest.
        expected: the base's `places`.

    Raises:
        BundleError: a file is missing, altered, none or not to be read; it was learned on another base; or a name, a shape, a kind of
            number or a number is none that the base takes.
    """
    try:
        return _verified(folder, base, expected)
    except OSError as error:
        raise BundleError(f"{error.filename or folder}: cannot be read: {error.strerror}") from None


def _verified(folder: Path, base: str, expected: Mapping[str, tuple[int, ...]]) -> Adapter:
    content = _person(folder)
    if content["base"] != base:
        raise BundleError(
            f"{folder}: expected an adapter of the base {base[:12]}, found one of {content['base'][:12]}: "
            "its numbers mean nothing here; learn it anew"
        )
    file = folder / ADAPTER
    if not file.is_file():
        raise BundleError(f"{file}: expected the adapter that {PERSON} tells of, found none")
    _check_size(file, 2 * sum(4 * math.prod(shape) for shape in expected.values()) + LARGEST_MB * 10**6)
    if _sha256(file) != content["sha256"]:
        raise BundleError(f"{file}: does not match the SHA-256 in {PERSON}: altered or truncated")
    parameters = _parameters(file)
    _check_places(file, parameters, expected)
    calls = tuple(Call(**call) for call in content["calls"])
    room = expected[BIAS][0] if BIAS in expected else 0
    if len(calls) > room:
        raise BundleError(f"{folder / PERSON}, calls: expected at most {room}, found {len(calls)}")
    return Adapter(parameters, calls, content["base"])


def open_adapter(folder: Path) -> "LoraAdapter":
    """ONNX Runtime's own object of a file that `read_adapter` has passed."""
    from onnxruntime import LoraAdapter

    adapter = LoraAdapter()
    adapter.Load(str(folder / ADAPTER))
    return adapter


def _check_size(file: Path, most: int) -> None:
    if (found := file.stat().st_size) > most:
        raise BundleError(f"{file}: expected at most {most} bytes, found {found}")


def _parameters(file: Path) -> dict[str, np.ndarray]:
    from onnxruntime import AdapterFormat

    try:
        found = AdapterFormat.read_adapter(str(file)).get_parameters()
        return {name: value.numpy().copy() for name, value in found.items()}
    except Exception as error:  # ONNX Runtime's own share no base class
        raise BundleError(f"{file}: expected an adapter of ONNX Runtime: {' '.join(str(error).split())}") from None


def _check_places(file: Path, found: dict[str, np.ndarray], expected: Mapping[str, tuple[int, ...]]) -> None:
    if names := sorted(set(expected) ^ set(found)):
        where = "the base lacks" if names[0] in found else "the adapter lacks"
        raise BundleError(f"{file}: expected the {len(expected)} parameters of its base, but {where} {names[0]!r}")
    for name, value in found.items():
        if value.dtype != np.float32 or value.shape != expected[name]:
            raise BundleError(
                f"{file}: expected {name!r} as float32 {list(expected[name])}, found {value.dtype} {list(value.shape)}"
            )
        if not np.isfinite(value).all():
            raise BundleError(f"{file}: expected finite numbers, found NaN or infinite ones in {name!r}")


def _is_call(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != {"command", "tool", "slots"}:
        return False
    slots = value["slots"]
    return (
        is_text(value["command"])
        and (value["tool"] is None or is_text(value["tool"]))
        and isinstance(slots, dict)
        and all(is_text(name) and is_text(text) for name, text in slots.items())
    )


def _are_calls(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_call, value)) and are_names([call["command"] for call in value])


ENTRIES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "base": ("64 hexadecimal digits", is_sha256),
    "sha256": ("64 hexadecimal digits", is_sha256),
    "calls": ("a command, a tool or null, and slots for each, no command twice", _are_calls),
}


def _person(folder: Path) -> dict[str, Any]:
    """The verified `person.json` of a folder.

    Raises:
        BundleError: it is missing, or holds something else.
    """
    file = folder / PERSON
    if not file.is_file():
        raise BundleError(f"{folder}: expected a person's adapter, found no {PERSON} in it")
    _check_size(file, LARGEST_MB * 10**6)
    try:
        content = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError):
        raise BundleError(f"{file}: expected what an adapter is, as JSON, found something else") from None
    for key, (expected, fits) in ENTRIES.items():
        if not isinstance(content, dict) or not fits(content.get(key)):
            found = content.get(key) if isinstance(content, dict) else content
            raise BundleError(f"{file}, {key}: expected {expected}, found {reprlib.repr(found)}")
    return content


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
