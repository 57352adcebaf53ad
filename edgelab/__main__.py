"""`python -m edgelab` is `edgelab`."""

import sys

from edgelab.cli import main

sys.exit(main())
