"""`01_distillation`: a large teacher, small students, and what passes from one to the other."""

from edgelab.distillation.baselines import frozen_encoder, tfidf_svc
from edgelab.distillation.columns import in_our_order
from edgelab.distillation.losses import divergence, doubt, kd_gradient, kd_loss, soften
from edgelab.distillation.ready import ready_student
from edgelab.distillation.recall import recall_by_label, taken_for
from edgelab.distillation.retention import retention_low
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.distillation.targets import Targets, soft_loss, soft_targets
from edgelab.distillation.teacher import TeacherPlan, train_teacher, zero_shot

__all__ = [
    "StudentPlan",
    "Targets",
    "TeacherPlan",
    "divergence",
    "doubt",
    "frozen_encoder",
    "in_our_order",
    "kd_gradient",
    "kd_loss",
    "ready_student",
    "recall_by_label",
    "retention_low",
    "soft_loss",
    "soft_targets",
    "soften",
    "taken_for",
    "tfidf_svc",
    "train_student",
    "train_teacher",
    "zero_shot",
]
