"""`06_tiers`: which devices a model reaches, and where it falls back.

The public table is opened by `ai_hub`, the small ones that come along by `figures`; `memory_wall` bounds a decoder's speed.
"""

from edgelab.tiers.ai_hub import PublicTable
from edgelab.tiers.alike import CHOSEN, FACTORS, Comparison, compare, differences, like_with_like
from edgelab.tiers.assignment import Assignment, FallbackError, estimated, open_as_asked, require
from edgelab.tiers.emulation import Emulated, EmulatedTier, changes, emulate, emulate_all
from edgelab.tiers.install_base import Needs, by_tier, coverage, one_by_one, verdicts, what_would_help
from edgelab.tiers.integers import arithmetic, nodes
from edgelab.tiers.ladder import first_tier, price_ladder, reach
from edgelab.tiers.lines import draw_lines
from edgelab.tiers.memory_wall import published_wall
from edgelab.tiers.vision import judged, judged_reading

__all__ = [
    "CHOSEN",
    "FACTORS",
    "Assignment",
    "Comparison",
    "Emulated",
    "EmulatedTier",
    "FallbackError",
    "Needs",
    "PublicTable",
    "arithmetic",
    "by_tier",
    "changes",
    "compare",
    "coverage",
    "differences",
    "draw_lines",
    "emulate",
    "emulate_all",
    "estimated",
    "first_tier",
    "judged",
    "judged_reading",
    "like_with_like",
    "nodes",
    "one_by_one",
    "open_as_asked",
    "price_ladder",
    "published_wall",
    "reach",
    "require",
    "verdicts",
    "what_would_help",
]
