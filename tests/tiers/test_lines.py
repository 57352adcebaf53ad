"""Lines of text drawn here."""

import numpy as np

from edgelab.tiers.lines import HEIGHT, LONGEST, WIDTH, as_input, draw_lines, sheet

TEXTS = ["wake me at seven", "what is the weather going to be like in the afternoon", "x" * 40] * 20


def test_a_seed_draws_the_same_and_half_are_turned():
    lines, again, other = draw_lines(TEXTS), draw_lines(TEXTS), draw_lines(TEXTS, seed=1)
    assert all(np.array_equal(a.image, b.image) and a.turned == b.turned for a, b in zip(lines, again, strict=True))
    assert any(a.image.shape != b.image.shape for a, b in zip(lines, other, strict=True))
    assert 15 < sum(line.turned for line in lines) < 45
    assert not any(line.turned for line in draw_lines(TEXTS, turned=False))
    assert {line.image.dtype for line in lines} == {np.dtype(np.uint8)}


def test_long_texts_are_cut_at_a_word():
    texts = {line.text for line in draw_lines(TEXTS)}
    assert texts == {"wake me at seven", "what is the weather going to", "x" * LONGEST}


def test_ink_is_darker_than_paper_and_nothing_is_cut_off():
    for line in draw_lines(TEXTS, noise=0):
        border = np.concatenate([line.image[0], line.image[-1], line.image[:, 0], line.image[:, -1]])
        assert line.image.min() < 100 and np.median(line.image) > 180 and border.min() > 120


def test_inputs_are_48_high_and_end_in_zeros():
    (narrow,) = draw_lines(["hi"])
    batch = as_input(narrow.image)
    own = round(narrow.image.shape[1] * HEIGHT / narrow.image.shape[0])
    assert batch.shape == (1, 3, HEIGHT, WIDTH) and batch.dtype == np.float32 and own < WIDTH
    assert not batch[..., own:].any() and batch.min() >= -1 and batch[..., :own].max() <= 1
    assert np.array_equal(batch[0, 0], batch[0, 2])
    wide = np.full((20, 400), 200, np.uint8)
    assert as_input(wide).shape[3] == WIDTH and as_input(wide, width=None).shape[3] == 400 * HEIGHT // 20


def test_a_sheet_holds_all_lines():
    lines = draw_lines(TEXTS[:3])
    assert sheet(lines).shape == (
        sum(line.image.shape[0] + 4 for line in lines),
        max(line.image.shape[1] for line in lines),
    )
