"""The device lab: phones run a bundle in their browsers and report what they measured."""

from edgelab.fleet.address import qr_svg
from edgelab.fleet.content import FleetError
from edgelab.fleet.lab import Lab, start_lab
from edgelab.fleet.release import released
from edgelab.fleet.table import as_csv, data_frame, read_rows

__all__ = ["FleetError", "Lab", "as_csv", "data_frame", "qr_svg", "read_rows", "released", "start_lab"]
