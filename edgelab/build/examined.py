"""The model that ships, or comes nearest, looked at closely: what the report says of it beyond its figures."""

from edgelab.build.measured import Measured
from edgelab.build.mistakes import mistakes
from edgelab.build.preflight import preflight
from edgelab.build.thresholds import advised, code, routing
from edgelab.bundle.answers import Answers
from edgelab.bundle.manifest import read_manifest
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset
from edgelab.models.trained import Trained


def examined(
    model: Measured, trained: Trained, teacher: Measured, dataset: Dataset, test: dict[str, Answers], of: str
) -> dict:
    """Routing thresholds, preflight, what it gets wrong and the code that uses it, as plain JSON values.

    Args:
        trained: the network that the model was made from.
        teacher: the fp32 one. It is asked about the texts that the model gets wrong, and no others.
        test: answers on test by the model's name.
        of: what is to be right, `label` or `call`.
    """
    manifest, given, expected = read_manifest(model.folder), test[model.name], test[teacher.name]
    shipped = manifest["thresholds"].get("confidence")
    found = routing(model.answers, given, expected, of, shipped, manifest["sha256"]["model.onnx"])
    asked, reference = Bundle.load(model.folder), Bundle.load(teacher.folder)
    said = [asked.predict(text) for text in dataset.test.texts]
    wrong = [i for i, right in enumerate(given.right[of]) if not right]
    teacher_said = {i: reference.predict(dataset.test.texts[i]) for i in wrong}
    return {
        "thresholds": found,
        "preflight": preflight(model.folder / "model.onnx", trained),
        "mistakes": mistakes(dataset.test, said, teacher_said, given, expected, of),
        "code": code(dataset.test.texts[0], advised(found)),
    }
