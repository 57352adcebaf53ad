"""What the device lab hands out, read once and kept in memory: the page, its assets, a bundle's files, texts to run."""

import gzip
import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgelab.bundle.manifest import read_manifest, tokenizer_name
from edgelab.datasets.lines import load_lines
from edgelab.datasets.loading import load
from edgelab.errors import UserError

PAGE = "lab.html"
MEDIA_TYPES = {  # an asset that ends otherwise is not handed out
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
TEXTS, FEWEST_TEXTS, MOST_TEXTS, LONGEST_TEXT = 50, 20, 60, 500


class FleetError(UserError):
    """The device lab cannot be started, or what it kept cannot be read."""


@dataclass(frozen=True)
class File:
    """A file as it goes out. `packed` is its gzip, if it pays: 200 phones load it over one radio."""

    content: bytes
    media_type: str
    etag: str
    packed: bytes | None = None


@dataclass(frozen=True)
class Content:
    """All that the server hands out, by name. `sha256` is of the bundle's manifest, `size_bytes` of all its files."""

    page: File
    assets: dict[str, File]
    bundle: dict[str, File]
    model: str
    sha256: str
    texts: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """Of the bundle."""
        return sum(len(file.content) for file in self.bundle.values())


def read_content(bundle: Path, assets: Path, texts: Path | None = None) -> Content:
    """Everything that a lab of this bundle hands out; a `BundleError` where it is not a sound one.

    Args:
        assets: the folder of the page and the browser runtime, built.
        texts: a file of texts to run, one a line; by default sentences of Pocket's validation split.

    Raises:
        FleetError: there is no page among the assets, or no texts for this bundle.
    """
    manifest = read_manifest(bundle)
    if not (assets / PAGE).is_file():
        raise FleetError(f"{assets}: expected the device lab's page, found no {PAGE}: run `edgelab prepare browser`")
    names = ["bundle.json", "model.onnx", tokenizer_name(manifest)]
    return Content(
        _file(assets / PAGE, "text/html; charset=utf-8"),
        {f.name: _file(f, MEDIA_TYPES[f.suffix]) for f in sorted(assets.iterdir()) if f.suffix in MEDIA_TYPES},
        {name: _file(bundle / name, "application/octet-stream", pack=False) for name in names},
        manifest["model"],
        manifest["manifest_sha256"],
        _texts(bundle, manifest["labels"], texts),
    )


def _file(path: Path, media_type: str, *, pack: bool = True) -> File:
    """`pack` pays for programs and pages, not for the weights of a model."""
    content = path.read_bytes()
    packed = gzip.compress(content, 6, mtime=0) if pack else None
    return File(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"', packed)


def _texts(bundle: Path, labels: Iterable[str], file: Path | None) -> tuple[str, ...]:
    if file is not None:
        texts = load_lines(file)
        if len(texts) < FEWEST_TEXTS:
            raise FleetError(f"{file}: expected at least {FEWEST_TEXTS} different texts, found {len(texts)}")
        if longest := next((text for text in texts if len(text) > LONGEST_TEXT), None):
            raise FleetError(f"{file}: expected at most {LONGEST_TEXT} characters a text, found {len(longest)}")
        return texts if len(texts) <= MOST_TEXTS else tuple(random.Random(0).sample(texts, TEXTS))
    pocket = load("pocket")
    if set(labels) != set(pocket.labels):
        raise FleetError(f"{bundle}: its labels are not Pocket's: expected a file of texts for it, --texts FILE")
    return tuple(random.Random(0).sample(sorted(set(pocket.validation.texts)), TEXTS))
