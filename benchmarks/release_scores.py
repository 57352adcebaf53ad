"""python -m benchmarks.release_scores: `data/figures/release_scores.npz`, by which the release of `10_selection` is judged.

What five bundles make of every text of Pocket's validation, test, hard set and plain lines: whether the call is right,
whether a tool of high stakes is called that nobody asked for, the score, and whether it asks for the cloud; which texts hold
private values; and the bundles' sizes and, one thread, interleaved, what a request takes on this machine: in processor time, since
other work must not decide an exercise.
"""

import sys
import time

import numpy as np

from edgelab import datasets
from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import as_it_is, leaked
from edgelab.datasets.slots import exact_match
from edgelab.distillation.ready import course_student
from edgelab.distillation.teacher import TeacherPlan, train_teacher
from edgelab.machine.host import host
from edgelab.measurement.latency import measure_latency
from edgelab.quantization.conversion import convert
from edgelab.selection.observed import STAKES, sureness
from edgelab.selection.release_exercise import FILE, SPLITS


def bundles() -> dict[str, Bundle]:
    data = datasets.load("pocket")
    teacher = train_teacher(data, TeacherPlan.for_data(data))
    student = course_student(teacher, data)
    made = {
        "convolution int4": convert(student, "int4 packed"),
        "convolution int8": convert(student, "int8"),
        "six layers int4": convert(teacher, "int4 packed"),
        "six layers int8": convert(teacher, "int8"),
        "six layers fp32": teacher,
    }
    return {name: Bundle.load(model.bundle()) for name, model in made.items()}


def main() -> None:
    data, kept = datasets.load("pocket"), {}
    loaded = bundles()
    splits = {
        "validation": data.validation,
        "test": data.test,
        "hard": data.extra["hard"],
        "plain": data.extra["plain"],
    }
    assert tuple(splits) == SPLITS
    for split, each in splits.items():
        gold = np.array(each.labels)
        kept[f"{split} question"] = gold == "ask_cloud"
        private = [leaked(as_it_is(text), spans) for text, spans in zip(each.texts, each.spans, strict=True)]
        kept[f"{split} private"] = np.array(private) > 0
        for name, bundle in loaded.items():
            found = bundle.predict_many(list(each.texts))
            label = np.array([bundle.labels[f.intent_logits.argmax()] for f in found])
            triples = zip(each.texts, found, each.spans, strict=True)
            slots = np.array([exact_match(text, f.spans, spans) for text, f, spans in triples])
            kept[f"{split} {name} call"] = (label == gold) & slots
            kept[f"{split} {name} stakes"] = np.isin(label, STAKES) & (label != gold)
            kept[f"{split} {name} beyond"] = label == "ask_cloud"
            kept[f"{split} {name} score"] = sureness(found).astype(np.float16)
            shares = kept[f"{split} {name} call"].mean(), kept[f"{split} {name} stakes"].mean()
            print(f"{split}, {name}: calls {shares[0]:.3f}, wrong high stakes {shares[1]:.4f}", flush=True)
    asked = {name: bundle.predict for name, bundle in loaded.items()}
    taken = measure_latency(asked, list(data.validation.texts), clock=time.process_time_ns)
    for name, bundle in loaded.items():
        kept[f"{name} mb"] = np.array(bundle.size_bytes / 1e6)
        kept[f"{name} p95_ms"] = np.array(taken[name].percentile(95))
        print(name, kept[f"{name} mb"], kept[f"{name} p95_ms"], taken[name].percentile(50))
    kept["host"] = np.array(host().cpu)
    np.savez_compressed(FILE, **kept)
    print(FILE, FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    sys.exit(main())
