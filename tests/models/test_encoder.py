"""The pretrained encoder: what it knows of texts and of single tokens."""

import numpy as np
import torch

from edgelab.models.encoder import load_encoder, pad, sentence_embedder, token_views


def test_the_encoder_knows_what_is_alike():
    """Cosines of the official model: paraphrases are near, another topic is not."""
    one, same, other = sentence_embedder()(
        ("wake me up at seven", "set an alarm for 7 o'clock", "the cat sleeps on the sofa")
    )
    assert one @ same > 0.5 > 0.3 > one @ other
    assert np.allclose([np.linalg.norm(v) for v in (one, same, other)], 1, atol=1e-5)


def test_an_embedding_does_not_depend_on_its_batch():
    texts = ("hello", "a much longer sentence than the first one, for padding", "why")
    embed = sentence_embedder()
    together = embed(texts)
    assert together.shape == (3, 384)
    assert np.allclose(together, np.concatenate([embed((t,)) for t in texts]), atol=1e-5)


def test_chosen_layers_are_those_of_the_whole():
    whole, part = load_encoder(), load_encoder((0, 5))
    assert len(part.encoder.layer) == part.config.num_hidden_layers == 2
    for ours, theirs in zip(part.encoder.layer, (whole.encoder.layer[0], whole.encoder.layer[5]), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_pad_fills_with_0_and_masks_it():
    ids, mask = pad([[5, 6, 7], [8], [9, 10]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0], [9, 10, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert ids.dtype == mask.dtype == torch.int64


def test_token_views_are_the_encoder_on_one_token(whole):
    word = whole.token_to_id("alarm")
    inputs, pooled = token_views((word, whole.token_to_id("play")))
    model = load_encoder().eval()
    assert np.array_equal(inputs[0], model.embeddings.word_embeddings.weight[word].detach().numpy())
    with torch.inference_mode():
        ids, mask = pad([whole.encode("alarm").ids])
        assert np.allclose(pooled[0], model(input_ids=ids, attention_mask=mask).last_hidden_state.mean(1)[0], atol=1e-5)
