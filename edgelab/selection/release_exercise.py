"""The release of `10_selection` (being written)."""
from edgelab.workspace import data_home

FILE = data_home() / "figures" / "release_scores.npz"
SPLITS = ("validation", "test", "hard", "plain")
STAKES = ("send_money", "place_order", "delete_data")
