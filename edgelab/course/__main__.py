"""`python -m edgelab.course notebooks/*.ipynb` strips outputs and normalises metadata: a part of `make tidy`."""

import sys
from pathlib import Path

from edgelab.course.notebooks import tidy

for name in sys.argv[1:]:
    if tidy(Path(name)):
        print(f"tidied {name}")
