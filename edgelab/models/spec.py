"""A model's shape."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Spec:
    """A model's shape. `layers` are the teacher's layers that a transformer starts from; `embedding` and `hidden`
    are widths; `vocabulary` the number of tokens kept; `depth` the number of convolutions on top of each other."""

    family: str  # "transformer", "convolution" or "static"
    vocabulary: int
    embedding: int = 384
    hidden: int = 384
    layers: tuple[int, ...] = ()
    depth: int = 1

    @property
    def name(self) -> str:
        """As tables and progress bars show it: family and widths."""
        if self.family == "transformer":
            return f"transformer {len(self.layers)}x{self.hidden}"
        return f"{self.family} {self.embedding}/{self.hidden}" + (f"x{self.depth}" if self.depth > 1 else "")
