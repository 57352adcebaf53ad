"""`edgelab build`: from data to the smallest bundle that clears the bar."""

from edgelab.build.folder import BuildError
from edgelab.build.pipeline import build

__all__ = ["BuildError", "build"]
