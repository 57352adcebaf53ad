"""What JupyterHub runs for a learner, as that user: lay their notebooks and their home, then serve JupyterLab.

The course's folder is only read. A learner's home holds links to what was built there; what a learner builds besides,
their scoreboard and their answers are their own files.
"""

import os
import shutil
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
LENT = ("built", "downloads")


def lay(course: Path, built: Path, own: Path) -> tuple[Path, Path]:
    """The learner's notebooks and home under `own`: what is missing of both is laid, what stands is left alone."""
    work, home = own / "work", own / "home"
    work.mkdir(parents=True, exist_ok=True)
    for notebook in sorted((course / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        if not (work / notebook.name).exists():
            shutil.copyfile(notebook, work / notebook.name)
    for place in LENT:
        (home / place).mkdir(parents=True, exist_ok=True)
        for link in (home / place).iterdir():
            if link.is_symlink() and not link.exists():  # to what the course has no more
                link.unlink()
        for each in (built / place).glob("[!.]*"):
            if not (home / place / each.name).exists():
                (home / place / each.name).symlink_to(each)
    return work, home


def main() -> None:
    """Lay both; become the learner's server."""
    built = Path(os.environ.get("EDGELAB_HOME") or COURSE / "artifacts")
    work, home = lay(COURSE, built, Path.home() / "edgelab")
    os.environ["EDGELAB_HOME"] = str(home)
    scripts = Path(sys.executable).parent
    os.environ["PATH"] = f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"
    os.chdir(work)
    options = {
        "ServerApp.root_dir": work,
        "LabApp.default_url": "/lab/tree/00_start_here.ipynb",
        "LabApp.app_settings_dir": COURSE / "edgelab" / "jupyter",
        "LabApp.extension_manager": "readonly",
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *given, *sys.argv[1:]])


if __name__ == "__main__":
    main()
