"""The device lab in a notebook."""

from pathlib import Path

from edgelab.fleet.lab import Lab, start_lab
from edgelab.machine.assets import AssetsError


def show_lab(folder: Path, *, lan: bool = False) -> Lab | None:
    """Start the device lab for the bundle in `folder`, and show its address and QR code; without the browser's files say what
    is missing, and return None."""
    from IPython.display import HTML, display

    try:
        lab = start_lab(folder, lan=lan)
    except AssetsError as error:
        print(error)
        return None
    print(lab.url)
    display(HTML(lab.qr))
    return lab
