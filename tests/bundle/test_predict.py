"""A bundle in use: what it answers, and that one which would answer with nonsense is refused when it is loaded."""

import random
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tokenizers import Tokenizer, models, processors

from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import BATCH, Bundle
from edgelab.datasets.dataset import label_slots
from edgelab.quantization.conversion import convert
from edgelab.stats.intervals import accuracy_interval
from tests.small_bundles import GATHERED, INTENT, SLOTS, TAGS, VOTES, WORDS, answering, model, tokenizer

NODE = helper.make_node

# --- there and back -----------------------------------------------------------------------------


@pytest.mark.usefixtures("at_home")
def test_the_bundle_says_what_the_trained_model_says(bundle, tiny, tiny_student):
    outputs = tiny_student.outputs()
    for i, text in enumerate(tiny.test.texts):
        intent, slots = bundle.logits(text)
        assert np.allclose(intent, outputs.intent_logits[i], atol=0.1)  # the stored outputs may be of bf16
        assert slots.shape == (len(bundle.tokenizer.encode(text)), 5)
    result = evaluate(bundle, tiny.test)
    assert np.array_equal(result.correct, tiny_student.correct())
    gold = tiny_student.slots_correct()
    assert result.slot_exact_match == accuracy_interval(gold) and result.accuracy == accuracy_interval(result.correct)


def test_a_prediction_is_a_call_with_its_arguments(bundle, tiny):
    i = next(i for i, label in enumerate(tiny.train.labels) if label == "set_alarm")
    text = tiny.train.texts[i]
    answer = bundle.predict(text)
    assert (answer.text, answer.label, answer.slots) == (text, "set_alarm", {"time": ["seven"]})
    assert answer.spans == tiny.train.spans[i] and 0 < answer.latency_ms < 10_000
    intent, _ = bundle.logits(text)
    assert answer.confidence == pytest.approx(np.exp(intent.max()) / np.exp(intent).sum(), rel=1e-5)
    assert answer.confidence > 1 / 3


@pytest.mark.parametrize(
    "text", ["", " ", "⏰📱", "早上七点叫醒我", "x" * 5000, "word " * 500, "\x00\u200b", "[PAD] [MASK]"]
)
def test_any_text_gets_an_answer(bundle, text):
    answer = bundle.predict(text)
    assert answer.label in bundle.labels and 0 < answer.confidence <= 1
    assert all(text[s.start : s.end] for s in answer.spans)


def test_a_label_carries_only_slots_that_were_seen_with_it(bundle, tiny):
    assert label_slots(tiny.train) == {"play_music": ["artist"], "set_alarm": ["time"]}
    assert label_slots(replace(tiny.train, spans=None)) == {}
    for text in (*tiny.train.texts, "wake me at queen", "play seven", "why is seven queen"):
        answer = bundle.predict(text)
        assert set(answer.slots) <= set(label_slots(tiny.train).get(answer.label, []))


# --- several at once ----------------------------------------------------------------------------


def calls(bundle, monkeypatch):
    """How many texts each call of the bundle's session was asked for."""
    asked, run = [], bundle.session.run
    counted = SimpleNamespace(run=lambda names, feed: asked.append(len(feed["ids"])) or run(names, feed))
    monkeypatch.setattr(bundle, "session", counted)
    return asked


def same(many, one):
    fields = ("text", "label", "slots", "spans")
    assert [[getattr(p, f) for f in fields] for p in many] == [[getattr(p, f) for f in fields] for p in one]
    for a, b in zip(many, one, strict=True):
        assert a.tokens.ids == b.tokens.ids
        assert np.allclose(a.intent_logits, b.intent_logits, rtol=1e-4, atol=1e-4)
        assert np.allclose(a.slot_logits, b.slot_logits, rtol=1e-4, atol=1e-4)


def test_several_texts_get_the_answers_that_each_gets_alone(bundle, tiny, monkeypatch):
    texts = [*tiny.train.texts, *tiny.test.texts, "", "\u23f0", "word " * 200, *["wake me at seven"] * (2 * BATCH + 1)]
    random.Random(0).shuffle(texts)
    alone, asked = [bundle.predict(text) for text in texts], calls(bundle, monkeypatch)
    many = bundle.predict_many(texts)
    same(many, alone)
    assert sum(asked) == len(texts) and max(asked) == BATCH and len(asked) < len(texts) / 3
    # Each waited for the call from its beginning.
    assert len({p.latency_ms for p in many}) == len(asked)
    assert bundle.predict_many([]) == [] and bundle.predict_many(("wake",))[0].label == "set_alarm"


@pytest.mark.parametrize("precision", ["int8", "int4 packed"])
@pytest.mark.usefixtures("at_home")
def test_texts_that_would_change_each_others_answers_are_answered_alone(tiny_student, precision, monkeypatch):
    bundle = Bundle.load(convert(tiny_student, precision).bundle())
    texts = tiny_student.dataset.test.texts
    alone, asked = [bundle.predict(text) for text in texts], calls(bundle, monkeypatch)
    same(many := bundle.predict_many(texts), alone)
    assert all((a.intent_logits == b.intent_logits).all() for a, b in zip(many, alone, strict=True))
    assert asked == [1] * len(texts)


def test_a_model_that_takes_one_at_a_time_gets_one(damaged, monkeypatch):
    fixed = model()
    for value in (*fixed.graph.input, *fixed.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    bundle = Bundle.load(damaged(made=fixed))
    asked = calls(bundle, monkeypatch)
    assert [p.label for p in bundle.predict_many(["play queen", "wake me"])] == ["play_music", "set_alarm"]
    assert asked == [1, 1]


def test_an_answer_that_is_none_is_refused_among_others_too(damaged):
    nodes = (GATHERED[0], NODE("ReduceSum", ["of_each", "axis"], ["sum"], keepdims=0), NODE("Exp", ["sum"], ["intent"]))
    bundle = Bundle.load(damaged(made=model(nodes=(*nodes, GATHERED[2]))))
    assert [p.label for p in bundle.predict_many(["play x x", "wake x x"])] == ["play_music", "set_alarm"]
    with pytest.raises(BundleError, match="answers with no finite number"):
        bundle.predict_many(["x " * 30, "play " * 30])


# --- what is not sound --------------------------------------------------------------------------


def test_labels_and_tags_are_as_many_as_the_model_answers_with(damaged, refused):
    message = refused(damaged(labels=["ask_cloud", "set_alarm"], label_slots={}))
    assert "has 2 labels and 5 slot tags, model.onnx answers 1 tokens in the shape [(1, 3), (1, 1, 5)]" in message
    message = refused(damaged(slot_names=["time"], label_slots={}))
    assert "has 3 labels and 3 slot tags, model.onnx answers 1 tokens in the shape [(1, 3), (1, 1, 5)]" in message


def test_files_that_cannot_be_read_are_refused(damaged, refused):
    assert "model.onnx: expected an ONNX file, found" in refused(damaged(made=b'{"whole": "but something else"}'))
    assert "model and tokenizer do not work" in refused(damaged(made=b""))
    assert "model and tokenizer do not work" in refused(damaged(words="{}"))


@pytest.mark.parametrize(
    "words",
    [
        tokenizer((*WORDS, "supercalifragilistic")),
        tokenizer(queen=40),
        tokenizer().to_str().replace('"queen":3', f'"queen":{2**31}'),
    ],
    ids=["one too many", "one in the middle", "one far out"],
)
def test_a_tokenizer_of_another_model_is_refused(damaged, refused, words):
    assert "model and tokenizer do not work" in refused(damaged(words=words))


def test_a_tokenizer_that_some_text_breaks_is_refused(damaged, refused):
    words = tokenizer()
    words.post_processor = processors.TemplateProcessing(single="[UNK] $A [UNK]", special_tokens=[("[UNK]", 0)])
    words.enable_truncation(4, stride=2)  # the library would abort at the first text of three words
    assert "tokenizer.json: expected a stride below 2, the tokens of a part, found 2" in refused(damaged(words=words))
    words.enable_truncation(4, stride=1)
    assert Bundle.load(damaged(words=words)).predict("play " * 9).label == "play_music"
    no_unknown = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, "<unk>"))
    assert "model and tokenizer do not work" in refused(damaged(words=no_unknown))


def changed(weights, value, *, to=np.float32):
    weights = weights.astype(to)
    weights.flat[-2] = value
    return weights


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name, weights", [("votes", VOTES), ("tags", TAGS)])
def test_weights_that_are_no_finite_numbers_are_refused(damaged, refused, name, weights, value):
    message = refused(damaged(made=model(**{name: changed(weights, value)})))
    assert message.endswith(f"model.onnx: expected finite weights, found NaN or infinite ones in '{name}'")


FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING


@pytest.mark.parametrize(
    "made, says",
    [
        (answering(NODE("Cast", ["before"], ["intent"], to=INT64), of=("intent", INT64, ["b", 3])), "float logits"),
        (answering(NODE("Cast", ["before"], ["intent"], to=STRING), of=("intent", STRING, ["b", 3])), "float logits"),
        (answering(NODE("Unsqueeze", ["before", "axis"], ["intent"]), of=("intent", FLOAT, ["b", 1, 3])), "(1, 1, 3)"),
        (answering(NODE("Squeeze", ["before"], ["intent"]), of=("intent", FLOAT, [3])), "in the shape [(3,), "),
        (answering(NODE("ReduceMax", ["before"], ["slots"], axes=[1]), of=SLOTS), "answers 3 tokens in the shape"),
        (model(nodes=(NODE("Identity", ["words"], ["ids"]), *GATHERED), inputs=("words",)), "found words (tensor(int64))"),
        (model(inputs=("ids", "mask", "type_ids")), "found ids (tensor(int64)), mask (tensor(int64)), type_ids"),
        (model(input_type=TensorProto.INT32), "expected the int64 inputs ids, or ids and mask"),
        (model(outputs=(INTENT, SLOTS, ("of_each", FLOAT, ["b", "t", 3]))), "one or two outputs of float logits"),
        (answering(NODE("Sub", ["before", "before"], ["zero"]), NODE("Div", ["zero", "zero"], ["intent"])), "no finite"),
        (answering(NODE("Sub", ["before", "before"], ["zero"]), NODE("Log", ["zero"], ["intent"])), "no finite"),
        (answering(NODE("Sub", ["before", "before"], ["zero"]), NODE("Div", ["zero", "zero"], ["slots"]), of=SLOTS),
         "no finite"),
    ],
)  # fmt: skip
def test_a_model_of_another_kind_is_refused(damaged, refused, made, says):
    assert says in refused(damaged(made=made))


def test_numbers_in_another_file_are_refused(damaged, refused):
    """Of which no hash in the manifest speaks."""
    made = model()
    votes = made.graph.initializer[0]
    numbers = votes.raw_data
    onnx.external_data_helper.set_external_data(votes, location="votes.bin")
    votes.ClearField("raw_data")
    folder = damaged(made=made)
    (folder / "votes.bin").write_bytes(numbers)
    assert refused(folder).endswith("expected all numbers in this file, found that 'votes' is in another")


def test_what_goes_wrong_later_is_told_in_the_same_words(damaged):
    """A model whose second table is shorter than its first: only a text with that word shows it."""
    nodes = (*GATHERED[:2], NODE("Gather", ["numbers", "ids"], ["rows"]), NODE("Gather", ["tags", "rows"], ["slots"]))
    bundle = Bundle.load(damaged(made=model(nodes=nodes, numbers=np.array([0, 1, 2, 99, 4, 5]))))
    assert bundle.predict("play seven").label == "play_music"
    with pytest.raises(BundleError, match="model and tokenizer do not work: .*idx=99"):
        bundle.predict("play queen")


def test_no_answer_is_without_a_confidence(damaged):
    """The text of 30 words overflows: an infinite logit is no answer."""
    nodes = (GATHERED[0], NODE("ReduceSum", ["of_each", "axis"], ["sum"], keepdims=0), NODE("Exp", ["sum"], ["intent"]))
    bundle = Bundle.load(damaged(made=model(nodes=(*nodes, GATHERED[2]))))
    assert 0 < bundle.predict("play").confidence <= 1
    with pytest.raises(BundleError, match="model.onnx answers with no finite number"):
        bundle.predict("play " * 30)


# --- what serving needs -------------------------------------------------------------------------


def test_serving_loads_no_training_library(tiny_bundle):
    code = (
        "import sys; from edgelab.bundle import Bundle, evaluate; from edgelab.datasets import Split\n"
        "bundle = Bundle.load(sys.argv[1]); answer = bundle.predict('wake me at seven')\n"
        "evaluate(bundle, Split(('play queen',), ('play_music',), ((),)))\n"
        "print(answer.label, *(m for m in sys.modules if '.' not in m))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tiny_bundle)], capture_output=True, text=True, check=True)
    label, *loaded = done.stdout.split()
    assert label == "set_alarm" and {"onnxruntime", "tokenizers", "numpy"} <= set(loaded)
    heavy = {"torch", "transformers", "pandas", "sklearn", "scipy", "matplotlib", "onnx", "pooch", "filelock", "tqdm"}
    assert not heavy & set(loaded)


def test_a_text_is_answered_in_one_thread_by_default(tiny_bundle, bundle):
    assert bundle.session.get_session_options().intra_op_num_threads == 1
    assert Bundle.load(tiny_bundle, threads=2).session.get_session_options().intra_op_num_threads == 2
