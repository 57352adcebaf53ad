"""Shipping the next one: how often a stopping rule stops a good release and how soon a bad one, how small a shift in
traffic is noticed from scores, and what each way on costs after an update of the base.

python -m benchmarks.shipping       some minutes; prints the tables and writes them into README.md

The fleet is simulated. Scores, thresholds and adapters are of Pocket: its ready-made bundle is the model before the update,
a transformer the one after it; of two bases that take adapters, trained as in 07 but for a quarter of an epoch and for a whole one, the second follows.
"""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.pocket_card import put, table
from edgelab import datasets
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.distillation.teacher import TeacherPlan, train_teacher
from edgelab.machine.host import host
from edgelab.models.spec import Spec
from edgelab.personalization.adapters import write_adapter
from edgelab.personalization.base import adaptable_base, adaptable_bundle
from edgelab.personalization.evaluation import right
from edgelab.personalization.kept import adapter_of
from edgelab.personalization.learning import QUICK, learn_user
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.users import load_users
from edgelab.routing.simulation import user_phrases
from edgelab.routing.thresholds import conformal_threshold
from edgelab.selection.rollout import Estimate, Fleet, Plan, Power, Release, exact_report, information, power
from edgelab.selection.sequential import Rule, evidence_rule, naive_rule, spending_rule, split_rule
from edgelab.selection.shift import STATISTICS, alarm_rate, alarm_threshold, notice
from edgelab.selection.update import WayOn, adapter_way, threshold_ways
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.workspace import data_home, write_atomic

README = Path(__file__).parent / "README.md"
FLEET, PLAN, OLD = Fleet(), Plan(), Release("as the old one", 0.05)
BAD = (
    Release("10 % more errors", 0.055),
    Release("20 % more", 0.06),
    Release("50 % more", 0.075),
    Release("twice as many", 0.1),
    Release("broken on 1 % of devices", 0.05, broken=0.01),
)
WINDOWS, SHARES, ALPHA, OWN_SHARE = (50, 100, 200), (0.0, 0.1, 0.25, 0.5), 0.03, 0.2


def randomized(epsilon: float, seed: int = 0):
    """Telemetry by randomized response: whether the user corrected anything that day, or by chance the opposite."""
    generator, truth = np.random.default_rng(seed), 1 / (1 + np.exp(-epsilon))

    def report(counts: np.ndarray) -> Estimate:
        said = float(((counts > 0) ^ (generator.random(len(counts)) > truth)).mean())
        error = np.sqrt(said * (1 - said) / len(counts)) / (2 * truth - 1)
        return Estimate((said - (1 - truth)) / (2 * truth - 1), float(error))

    return report


REPORTS = {"exact counts": exact_report, "epsilon 2": randomized(2.0), "epsilon 1": randomized(1.0)}


def rules() -> dict[str, Rule]:
    return {
        "5 % at each look": naive_rule(),
        "5 % / looks": split_rule(PLAN.looks),
        "spending": spending_rule(information(FLEET, PLAN)),
        "e-value": evidence_rule(0.05),
    }


# --- rollouts -----------------------------------------------------------------------------------


def rollouts(good: int = 2000, bad: int = 400) -> str:
    rows = []
    for told, report in REPORTS.items():
        for release in (OLD, *BAD):
            found = power(FLEET, PLAN, OLD, release, rules(), report, rollouts=good if release is OLD else bad, seed=1)
            rows.append([f"{told}: {release.name}", *(cell(each, release) for each in found.values())])
    return table(["stopped, % (errors that the old one would not have made)", *rules()], rows)


def cell(found: Power, release: Release) -> str:
    cost = "" if release is OLD else f" ({found.harmed:,.0f})"
    return percent(found.stopped) + cost


# --- a shift in traffic -------------------------------------------------------------------------


def scores(bundle: Bundle, texts) -> np.ndarray:
    return np.array([bundle.predict(text).confidence for text in texts])


def shifts(data: Dataset, bundle: Bundle) -> str:
    validation, test = scores(bundle, data.validation.texts), scores(bundle, data.test.texts)
    ordinary = np.concatenate([validation, test])
    new = {
        "users' own words": scores(bundle, user_phrases(data_home() / "pocket" / "users")[0]),
        "hard requests": scores(bundle, data.extra["hard"].texts),
    }
    rows = []
    for name, of_new in new.items():
        for window in (w for w in WINDOWS if w * SHARES[-1] <= len(of_new)):
            for statistic in STATISTICS:
                at = alarm_threshold(ordinary, window, statistic)
                rates = [alarm_rate(ordinary, of_new, s, at, statistic, window=window) for s in SHARES]
                rows.append([f"{name}, window of {window}, {statistic} above {at:.3f}", *map(percent, rates)])
    p = ", ".join(f"{s} {notice(validation, test, s, permutations=1999).p_value:.3f}" for s in STATISTICS)
    drawn = np.random.default_rng(0)
    alarms = [notice(validation, drawn.choice(test, 100, replace=False), "ks", seed=i).alarm for i in range(400)]
    said = (
        f"Test against validation, p-values: {p}; of windows of 100 requests of test alone, "
        f"{percent(accuracy_interval(np.array(alarms)))} % raise an alarm by ks."
    )
    return table(["alarms, %, at a share of new traffic of", *(f"{s:.0%}" for s in SHARES)], rows) + "\n\n" + said


# --- after an update ----------------------------------------------------------------------------


def seen(bundle: Bundle, split) -> tuple[np.ndarray, np.ndarray]:
    found = [bundle.predict(text) for text in split.texts]
    wrong = [f.label != label for f, label in zip(found, split.labels, strict=True)]
    return np.array([f.confidence for f in found]), np.array(wrong)


def thresholds(data: Dataset, old: Bundle, new: Bundle) -> list[WayOn]:
    old_score, old_wrong = seen(old, data.validation)
    start = time.perf_counter()
    calibration = seen(new, data.validation)
    each = (time.perf_counter() - start) / len(data.validation)
    at = conformal_threshold(old_score, old_wrong, ALPHA)
    calibrate = lambda score, wrong: conformal_threshold(score, wrong, ALPHA)  # noqa: E731
    columns, held_out = (old_score, *calibration), seen(new, data.test)
    return threshold_ways(at, columns, held_out, calibrate, labelled=(50, 100, 200, len(old_score)), seconds_each=each)


def adapters(data: Dataset, folder: Path) -> tuple[list[WayOn], str]:
    """The ways, over all people together; and in words how many of their own phrases each understands."""
    former, base = adaptable_base(data, epochs=0.25), adaptable_base(data, epochs=1.0)
    personal, users = PersonalBundle.load(adaptable_bundle(base, "int8")), load_users()
    learned = [learn_user(base, user, QUICK) for user in users]
    made = {
        "forced": [replace(adapter_of(former, user), base=personal.base) for user in users],
        "learned anew, phrases kept": [each.adapter for each in learned],
    }
    seconds = float(np.mean([each.cpu_s for each in learned]))
    taught = round(np.mean([len(user.learn) + len(user.descriptions) for user in users]))
    own, common = {"dropped": []}, {"dropped": [right(answering(personal, None), data.test)]}
    for i, user in enumerate(users):
        part = data.test.where(lambda example, i=i: example % len(users) == i)  # each person others: none counts twice
        own["dropped"].append(right(answering(personal, None), user.held_out))
        for name, of_all in made.items():
            write_adapter(of_all[i], place := folder / name / user.name)
            personal.load_user(user.name, place)
            own.setdefault(name, []).append(right(answering(personal, user.name), user.held_out))
            common.setdefault(name, []).append(right(answering(personal, user.name), part))
    ways = {name: (np.concatenate(own[name]), np.concatenate(common[name])) for name in own}
    ways["learned anew, taught again"] = ways["learned anew, phrases kept"]
    said = ", ".join(f"{name} {percent(accuracy_interval(np.concatenate(own[name])))}" for name in own)
    return [
        adapter_way(
            f"adapter {name}",
            *ways[name],
            OWN_SHARE,
            taught=taught if "again" in name else 0,
            seconds=seconds if "anew" in name else 0.0,
        )
        for name in ways
    ], f"Of people's own phrases are understood, %: {said}."


def answering(personal: PersonalBundle, name: str | None):
    def answer(text: str) -> str:
        personal.use(name)
        return personal.predict(text).meant

    return answer


def ways_on(ways: list[WayOn]) -> str:
    rows = [[way.name, way.labelled, f"{way.seconds:.2f}", percent(way.wrong), f"{100 * way.kept:.0f}"] for way in ways]
    return table(["way on", "examples to label or teach", "seconds", "kept and wrong, %", "kept, %"], rows)


def percent(interval: Interval) -> str:
    return f"{100 * interval.value:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def main() -> None:
    import tempfile

    data = datasets.load("pocket")
    shipped = Bundle.load(data_home() / "bundles" / "pocket")
    teacher = train_teacher(data, TeacherPlan.for_data(data))
    spec = Spec("transformer", vocabulary=4096, layers=(0, 3))
    plan = StudentPlan.for_family(spec.family)
    updated = Bundle.load(train_student(spec, (teacher,), plan, unlabelled=data.unlabelled).bundle())
    with tempfile.TemporaryDirectory() as place:
        ways, said = adapters(data, Path(place))
    after = ways_on([*thresholds(data, shipped, updated), *ways])
    machine = f"{said} Host: {host().cpu}, {host().cores} cores."
    report = "\n\n".join([rollouts(), shifts(data, shipped), after, machine])
    write_atomic(README, put(README.read_text("utf-8"), "shipping", report))
    print(report)


if __name__ == "__main__":
    main()
