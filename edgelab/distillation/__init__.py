"""`01_distillation`: a large teacher, small students, and what passes from one to the other."""

from edgelab.distillation.baselines import frozen_encoder, tfidf_svc
from edgelab.distillation.losses import kd_loss, soft_label_loss, soften
from edgelab.distillation.ready import ready_student
from edgelab.distillation.recall import recall_by_label
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.distillation.targets import Targets, soft_loss, soft_targets
from edgelab.distillation.teacher import TeacherPlan, train_teacher, zero_shot

__all__ = [
    "StudentPlan",
    "Targets",
    "TeacherPlan",
    "frozen_encoder",
    "kd_loss",
    "ready_student",
    "recall_by_label",
    "soft_label_loss",
    "soft_loss",
    "soft_targets",
    "soften",
    "tfidf_svc",
    "train_student",
    "train_teacher",
    "zero_shot",
]
