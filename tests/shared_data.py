"""Where the public data lies beside the project, for those who keep a copy."""

import pytest

from benchmarks.pocket_card import SHARED

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the public data is not at {SHARED}")
