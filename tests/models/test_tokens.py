"""From texts to tokens: whole, trimmed, with tags."""

import numpy as np
import pytest

from edgelab.datasets.slots import tag_names, tags_to_spans
from edgelab.models.tokens import MAX_TOKENS, encode, encode_labelled, token_id, trim_vocabulary

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


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


def test_a_token_that_must_be_there_is_asked_for_by_name(whole):
    assert token_id(whole, "[CLS]") == whole.token_to_id("[CLS]")
    with pytest.raises(ValueError, match=r"expected \[NOPE\] in the tokenizer's vocabulary"):
        token_id(whole, "[NOPE]")


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
