"""Lines of text as pictures, whose labels are known because they were drawn here: what they say, and which way up they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSerif",
    "DejaVuSerif-Italic",
    "DejaVuSansMono",
    "STIXGeneral",
    "STIXGeneralItalic",
)
HEIGHT, WIDTH = 48, 192  # as the models were trained
LONGEST = 30  # characters: longer lines are pressed together to that width


@dataclass(frozen=True)
class Line:
    """A line of text as a scanner gives it: `image` is uint8 [height, width], dark on light; `turned` says whether it
    stands upside down."""

    text: str
    image: np.ndarray
    turned: bool


def draw_lines(texts: Sequence[str], *, turned: bool = True, noise: float = 20, seed: int = 0) -> list[Line]:
    """Each text, cut at a word, in a font, size, margin, slant, light and noise of its own.

    Args:
        turned: half of them stand upside down, drawn by lot.
        noise: the largest standard deviation of a pixel, of 255.
    """
    generator = np.random.default_rng(seed)
    drawn = []
    for text in map(_short, texts):
        image = _draw(text, noise, generator)
        over = turned and generator.random() < 0.5
        drawn.append(Line(text, image[::-1, ::-1] if over else image, bool(over)))
    return drawn


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST + 1].rpartition(" ")[0] or text[:LONGEST]


def _draw(text: str, noise: float, generator: np.random.Generator) -> np.ndarray:
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{generator.choice(FONTS)}.ttf"
    font = ImageFont.truetype(str(file), int(generator.integers(18, 40)))
    left, top, right, bottom = font.getbbox(text)
    before, above, after, below = (int(margin) for margin in generator.integers(2, 10, size=4))
    size = int(right - left) + before + after, int(bottom - top) + above + below
    paper, ink = int(generator.integers(200, 256)), int(generator.integers(0, 90))
    picture = Image.new("L", size, paper)
    ImageDraw.Draw(picture).text((before - left, above - top), text, fill=ink, font=font)
    slanted = picture.rotate(generator.uniform(-2, 2), expand=True, fillcolor=paper, resample=Image.Resampling.BILINEAR)
    grain = generator.normal(0, generator.uniform(0, noise), (slanted.height, slanted.width))
    return np.clip(np.asarray(slanted) + grain, 0, 255).astype(np.uint8)


def as_input(image: np.ndarray, width: int | None = WIDTH) -> np.ndarray:
    """A picture as both models take it, float32 [1, 3, 48, width] from -1 to 1: made 48 high, pressed together to the
    width where it is wider, and zeros to its right where it is narrower.

    Args:
        width: None leaves it as wide as it is.
    """
    from PIL import Image

    own = max(1, round(image.shape[1] * HEIGHT / image.shape[0]))
    own = min(own, width) if width else own
    scaled = Image.fromarray(np.ascontiguousarray(image)).resize((own, HEIGHT), Image.Resampling.BILINEAR)
    batch = np.zeros((1, 3, HEIGHT, width or own), np.float32)
    batch[0, :, :, :own] = np.asarray(scaled, np.float32) / 127.5 - 1
    return batch


def sheet(lines: Sequence[Line]) -> np.ndarray:
    """Lines one below the other, uint8 [height, width]: to be looked at."""
    widest = max(line.image.shape[1] for line in lines)
    rows = [np.pad(line.image, ((2, 2), (0, widest - line.image.shape[1])), constant_values=255) for line in lines]
    return np.vstack(rows)
