"""A dask worker with an older version of the package."""

import sys

import edgelab

edgelab.__version__ = "0.0.1"

if __name__ == "__main__":
    from distributed.cli.dask_worker import main

    sys.exit(main())
