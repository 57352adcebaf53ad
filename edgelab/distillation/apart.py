"""Teacher and student of a notebook that is about something else, trained in a process of their own: what training takes of
memory goes with it, and the kernel, which opens runtimes and starts processes besides, stays small.

python -m edgelab.distillation.apart        trains and exports what is not there yet, of the data set that was chosen
"""

import os
import subprocess
import sys
from pathlib import Path

from edgelab.datasets.choice import chosen
from edgelab.datasets.dataset import Dataset
from edgelab.distillation.ready import course_student
from edgelab.distillation.teacher import TeacherPlan, train_teacher
from edgelab.machine.bars import ASKED_FOR, shows_bars
from edgelab.models.trained import Trained
from edgelab.workspace import build_once


def teacher_and_student(data: Dataset) -> tuple[Trained, Trained]:
    """Those of `01_distillation` for the data set that was chosen: loaded, where they have been trained here."""

    def build(folder: Path) -> None:
        _in_a_child()

    # Kept is only that they stand: else every opening of the notebook would start a process to find that out.
    build_once("trained-apart", build, inputs={"data": data.fingerprint}, through=(_both,))
    return _both(data)


def _both(data: Dataset) -> tuple[Trained, Trained]:
    teacher = train_teacher(data, TeacherPlan.for_data(data))
    student = course_student(teacher, data)
    for trained in (teacher, student):
        trained.bundle()
    return teacher, student


def _in_a_child() -> None:
    """Train there, its progress shown here.

    Raises:
        RuntimeError: it failed; the message is its last line of complaint.
    """
    environment = {**os.environ, ASKED_FOR: "1"} if shows_bars() else None
    command = [sys.executable, "-m", "edgelab.distillation.apart"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)
    assert process.stderr is not None  # a pipe was asked for
    told = ""
    try:
        while piece := os.read(process.stderr.fileno(), 4096):  # a bar's states end in no line break
            text = piece.decode("utf-8", "replace")
            told = (told + text)[-2000:]
            if shows_bars():
                sys.stderr.write(text)
                sys.stderr.flush()
    finally:
        if process.poll() is None and sys.exc_info()[0] is not None:  # an interrupted cell ends the training, too
            process.kill()
        process.stderr.close()
        process.wait()
    if process.returncode:
        raise RuntimeError(told.strip().splitlines()[-1] if told.strip() else "training died silently: out of memory?")


if __name__ == "__main__":
    _both(chosen())
