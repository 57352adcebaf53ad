"""`07_personalization`: a model becomes one person's, on the device."""

from edgelab.personalization.adapters import Adapter, Call, read_adapter, write_adapter
from edgelab.personalization.base import adaptable_base, adaptable_bundle
from edgelab.personalization.cache import ContextCache, Hit, Remembered, plain_words, still_kept
from edgelab.personalization.costs import added_latency, crowd, swap_samples
from edgelab.personalization.evaluation import Judged, judge, right, unfair
from edgelab.personalization.kept import adapter_of
from edgelab.personalization.learning import QUICK, Learned, LearningPlan, calls, learn_adapter, learn_user
from edgelab.personalization.lowrank import largest_rank, lora_update, merged, with_pair
from edgelab.personalization.personal import PersonalAnswer, PersonalBundle
from edgelab.personalization.prototypes import Prototypes, choose_threshold, learn_prototypes, unit
from edgelab.personalization.replay import mixed_rows, replay_weights
from edgelab.personalization.store import Written, forget, user_folder, users_of, written
from edgelab.personalization.teaching import after_restart, my_bundle, teach
from edgelab.personalization.users import Command, User, load_users
from edgelab.personalization.ways import by_adapter, by_base, by_cache, by_prototypes, prototypes_of, remember_all

__all__ = [
    "QUICK",
    "Adapter",
    "Call",
    "Command",
    "ContextCache",
    "Hit",
    "Judged",
    "Learned",
    "LearningPlan",
    "PersonalAnswer",
    "PersonalBundle",
    "Prototypes",
    "Remembered",
    "User",
    "Written",
    "adaptable_base",
    "adaptable_bundle",
    "adapter_of",
    "added_latency",
    "after_restart",
    "by_adapter",
    "by_base",
    "by_cache",
    "by_prototypes",
    "calls",
    "choose_threshold",
    "crowd",
    "forget",
    "judge",
    "largest_rank",
    "learn_adapter",
    "learn_prototypes",
    "learn_user",
    "load_users",
    "lora_update",
    "merged",
    "mixed_rows",
    "my_bundle",
    "plain_words",
    "prototypes_of",
    "read_adapter",
    "remember_all",
    "replay_weights",
    "right",
    "still_kept",
    "swap_samples",
    "teach",
    "unfair",
    "unit",
    "user_folder",
    "users_of",
    "with_pair",
    "write_adapter",
    "written",
]
