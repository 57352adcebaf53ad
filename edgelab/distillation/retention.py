"""The end of a retention's interval by which models are chosen, as `01_distillation` writes it by hand: one model, one run. The
course's own is `stats.bootstrap.paired_ratio`, which takes several seeds."""

import numpy as np


def retention_low(student: np.ndarray, teacher: np.ndarray, drawn: np.ndarray) -> float:
    """The lower end of the 95 % interval of the student's accuracy over the teacher's: a percentile bootstrap, paired.

    Args:
        student: whether each example is right, bool [examples]; `teacher` alike.
        drawn: the examples of each draw, int [draws, examples]; in each the teacher is right at least once.
    """
    ratios = []
    for rows in drawn:
        ratios.append(student[rows].mean() / teacher[rows].mean())
    return float(np.percentile(ratios, 2.5))
