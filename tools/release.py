"""`python -m tools.release`: what is still open before a release, a line each (`make release`).

It changes nothing and publishes nothing. It exits with 0 when all is done, with 1 when anything is open. With --full
(`make release FULL=1`) it runs `make test` first, unless that passed on this very commit.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tools import release_checks as checks
from tools.lock import ROOT
from tools.package import package_works
from tools.repository import clean

CHECKS: tuple[tuple[str, Callable[[Path], str | None]], ...] = (
    ("no file is changed", clean),
    ("the branch is main", checks.on_main),
    ("one version", checks.one_version),
    ("one date", checks.one_date),
    ("the tag is free", checks.tag_is_free),
    ("the changelog says what changed", checks.changes_are_told),
    ("the lock is current", checks.lock_is_current),
    ("notebooks are tidy", checks.notebooks_are_tidy),
    ("README's tables are true", checks.readme_tables_are_true),
    ("README's links are there", checks.readme_links_are_there),
    ("`make test` passed on this commit", checks.tested),
    ("the package builds, installs and serves", package_works),
)


def look(root: Path, show: Callable[[str], None]) -> int:
    """Run every check; how many are open. One that cannot be made is open, too."""
    width, found = max(len(what) for what, _ in CHECKS), 0
    for what, check in CHECKS:
        try:
            todo = check(root)
        except Exception as error:  # a file is missing or is not what it should be: the other checks go on
            said = error.stderr if isinstance(error, subprocess.CalledProcessError) else None
            todo = f"could not be checked: {type(error).__name__}: {said or error}".strip().splitlines()[0]
        found += todo is not None
        show(f"{'ok' if todo is None else 'open':<6}{what:<{width}}{'' if todo is None else '  ' + todo}".rstrip())
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m tools.release", description=__doc__, formatter_class=form)
    parser.add_argument("--full", action="store_true", help="run `make test` first where it has not passed here")
    args = parser.parse_args(arguments)
    if args.full and checks.tested(ROOT) is not None:
        subprocess.run(["make", "test"], cwd=ROOT, check=False)  # what it did is seen below

    def show(line: str) -> None:
        print(line, flush=True)

    try:
        left = look(ROOT, show)
    except KeyboardInterrupt:
        return 130
    if left:
        show(f"{left} open")
        return 1
    tag = f"v{checks.version(ROOT)}"
    show(f"all done: git tag {tag}, then git push origin {tag}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
