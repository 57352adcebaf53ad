"""A bundle in Chromium answers as Python's does: tokens and places, logits, slots, calls, routes.

What the 4-bit bundles differ by is measured and printed (`pytest -s`). "int4 packed", as "int8", multiplies whole numbers:
each activation is rounded to 8 bits by the range that is found (DynamicQuantizeLinear), the product is exact on any
processor. Only a sum before it that differs in its last bit, and then lies at the edge of a step, would show: one step of
one activation. So most logits are equal to the bit, and calls too. "int4 blocks" (MatMulNBits of accuracy level 4) leaves
it to the kernel how it rounds activations: WebAssembly's and this processor's do so differently, some thousandths of the
logits' range, and a call near a border falls to the other side.
"""

import base64
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgelab import datasets
from edgelab.bundle.manifest import manifest_sha256
from edgelab.bundle.predict import Bundle
from edgelab.quantization.onnx_tools import dynamic_int8, weight_only
from edgelab.quantization.packing import pack
from edgelab.routing.policy import Policy, decide, to_json
from edgelab.routing.scores import LEARNED, SCORES
from tests.browser.odd_texts import ODD, random_texts
from tests.browser.pages import serving
from tests.clouds import POCKET
from tests.small_bundles import sha256, small_bundle

RECIPES = {
    "fp32": shutil.copyfile,
    "int8": dynamic_int8,
    "int4 packed": lambda source, target: pack(source, target, 4),
    "int4 blocks": lambda source, target: weight_only(source, target, bits=4),
}
OPEN = """async ([origin, name]) => {
    const runtime = await import(origin + "assets/runtime.js");
    globalThis.runtime = runtime;
    globalThis.bundle = await runtime.Bundle.load(
        runtime.fetchFrom(origin + name + "/"), runtime.runtimeFiles(origin + "assets/"));
    return [bundle.model, bundle.sha256, bundle.labels, bundle.tags, bundle.loaded];
}"""
# As JSON, and numbers in base64: value by value they would take minutes.
PREDICT = """async texts => {
    const packed = numbers => {
        const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
        return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
    };
    const found = [];
    for (const text of texts) {
        const answer = await bundle.predict(text);
        const slotLogits = answer.slotLogits ?? new Float32Array();
        found.push({ ...answer, logits: packed(answer.logits), slotLogits: packed(slotLogits) });
    }
    return JSON.stringify(found);
}"""
ENCODE = "texts => JSON.stringify(texts.map(text => bundle.encode(text)))"
DECIDE = """([policies, logits, labels]) => policies.map(policy =>
    logits.map(row => [true, false].map(online => runtime.decide(policy, row, labels, online))))"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory, web_assets):
    """Name to folder: the browser's files, and the shipped bundle in each precision."""
    made = {"assets": web_assets}
    for precision, convert in RECIPES.items():
        folder = tmp_path_factory.mktemp("bundle")
        shutil.copytree(POCKET, folder, dirs_exist_ok=True)
        convert(POCKET / "model.onnx", folder / "model.onnx")
        seal(folder)
        made[precision.replace(" ", "-")] = folder
    return made


def seal(folder: Path) -> None:
    manifest = json.loads((folder / "bundle.json").read_text("utf-8"))
    manifest["sha256"] = {name: sha256(folder / name) for name in manifest["sha256"]}
    manifest["manifest_sha256"] = manifest_sha256(manifest)
    (folder / "bundle.json").write_text(json.dumps(manifest), "utf-8")


@pytest.fixture(scope="module")
def origin(folders):
    with serving(folders) as address:
        yield address


@pytest.fixture(scope="module")
def tab(browser, origin):
    """An open page of the server, which keeps what it has loaded."""
    page = browser.new_page()
    page.goto(origin)
    yield page
    page.close()


@pytest.fixture(scope="module")
def texts():
    return [*datasets.load("pocket").test.texts, *ODD, *random_texts(100)]


def answers(tab, origin, folders, precision: str, texts: list[str]):
    """What the browser and Python say of texts: two lists, and the bundle that said the second."""
    name = precision.replace(" ", "-")
    tab.evaluate(OPEN, [origin, name])
    bundle = Bundle.load(folders[name])
    found = json.loads(tab.evaluate(PREDICT, texts))
    for answer in found:
        for name in ("logits", "slotLogits"):
            answer[name] = np.frombuffer(base64.b64decode(answer[name]), np.float32)
    return found, [bundle.predict(text) for text in texts], bundle


def same_call(found: dict, expected) -> bool:
    spans = [(span["start"], span["end"], span["name"]) for span in found["spans"]]
    wanted = [(span.start, span.end, span.name) for span in expected.spans]
    return (found["label"], found["slots"], spans) == (expected.label, expected.slots, wanted)


def difference(found: list[dict], expected: list) -> float:
    """The largest of all logits, as a share of the range of Python's."""
    worst = 0.0
    for mine, wanted in (("logits", "intent_logits"), ("slotLogits", "slot_logits")):
        theirs = [np.ravel(getattr(prediction, wanted)) for prediction in expected]
        spread = np.ptp(np.concatenate(theirs))
        apart = max(np.abs(f[mine] - t).max() for f, t in zip(found, theirs, strict=True))
        worst = max(worst, float(apart / spread))
    return worst


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_calls_are_equal_and_logits_but_for_rounding(tab, origin, folders, texts, precision):
    found, expected, bundle = answers(tab, origin, folders, precision, texts)
    assert [f["ids"] for f in found] == [bundle.token_ids(text) for text in texts]
    assert [text for text, f, e in zip(texts, found, expected, strict=True) if not same_call(f, e)] == []
    np.testing.assert_allclose([f["confidence"] for f in found], [e.confidence for e in expected], atol=1e-4)
    apart = difference(found, expected)
    print(f"\n{precision}: logits at most {apart:.1e} of their range apart")
    assert 0 < apart < 1e-4
    assert len({f["label"] for f in found}) > 20 and sum(bool(f["spans"]) for f in found) > 500


@pytest.mark.parametrize(("precision", "least", "most"), [("int4 packed", 0.995, 0.02), ("int4 blocks", 0.98, 0.05)])
def test_how_often_four_bits_call_alike(tab, origin, folders, texts, precision, least, most):
    found, expected, _ = answers(tab, origin, folders, precision, texts)
    alike = np.mean([same_call(f, e) for f, e in zip(found, expected, strict=True)])
    apart = difference(found, expected)
    print(f"\n{precision}: {alike:.2%} of {len(texts)} calls equal, logits at most {apart:.1e} of their range apart")
    assert alike >= least and apart < most


def test_tokens_stand_where_pythons_do(tab, origin):
    """Ids, words and places, of texts that are harder than the ones above."""
    tab.evaluate(OPEN, [origin, "fp32"])
    texts = [*ODD, *random_texts(1500, seed=1)]
    library = Bundle.load(POCKET).tokenizer
    wanted = [(e.ids, e.word_ids, [list(place) for place in e.offsets]) for e in map(library.encode, texts)]
    found = [(e["ids"], e["wordIds"], e["offsets"]) for e in json.loads(tab.evaluate(ENCODE, texts))]
    assert [text for text, f, w in zip(texts, found, wanted, strict=True) if f != w] == []
    assert sum(len(ids) == 128 for ids, _, _ in wanted) >= 4


def test_every_character_is_taken_as_python_takes_it(tab, origin):
    """All of Unicode, 40 characters a text, neighbours and marks in the order of their numbers."""
    tab.evaluate(OPEN, [origin, "fp32"])
    library = Bundle.load(POCKET).tokenizer
    known = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000 and not private(code)]
    texts = ["".join(map(chr, known[i : i + 40])) for i in range(0, len(known), 40)]
    wanted = [(e.ids, e.word_ids, [list(place) for place in e.offsets]) for e in library.encode_batch(texts)]
    found = [(e["ids"], e["wordIds"], e["offsets"]) for e in json.loads(tab.evaluate(ENCODE, texts))]
    assert [f"{ord(t[0]):x}" for t, f, w in zip(texts, found, wanted, strict=True) if f != w] == []


def private(code: int) -> bool:
    """Where there are no characters yet, or everybody's own: a sample of these is enough."""
    return code > 0x32000 and code % 1000 > 40


POLICIES = (
    *(Policy(score=name, threshold=threshold) for name, threshold in zip(SCORES, (0.8, 2.0, -0.5, 8.0), strict=True)),
    Policy(score=LEARNED, threshold=0.3, weights=(-1.0, 2.0, 0.1, 0.5, 0.05), confirm_below=1.0),
    Policy(score="max_probability", threshold=0.9, temperature=2.5, offline="refuse", reach=0.05),
    Policy(score="energy", threshold=9.0, beyond=(), confirm=("set_alarm",), reach=1.5),
)


def test_routes_are_those_of_python(tab, origin):
    _, _, labels, *_ = tab.evaluate(OPEN, [origin, "fp32"])
    bundle = Bundle.load(POCKET)
    rows = [bundle.predict(text).intent_logits for text in (*datasets.load("pocket").test.texts[:150], *ODD)]
    rows += list(np.random.default_rng(0).normal(0, 2, (100, len(labels))).astype(np.float32))
    policies = [json.loads(to_json(policy)) for policy in POLICIES]
    found = tab.evaluate(DECIDE, [policies, [row.tolist() for row in rows], labels])
    reasons = set()
    for policy, routes in zip(POLICIES, found, strict=True):
        for row, both in zip(rows, routes, strict=True):
            for online, route in zip((True, False), both, strict=True):
                wanted = decide(policy, row, tuple(labels), online=online)
                reasons.add(wanted.reason)
                assert (route["where"], route["reason"], route["confirm"]) == (
                    wanted.where,
                    wanted.reason,
                    wanted.confirm,
                )
                assert route["score"] == pytest.approx(wanted.score, rel=1e-9, abs=1e-9)
    assert len(reasons) == 6
    default = tab.evaluate("runtime.DEFAULT_POLICY")
    assert default == json.loads(to_json(Policy()))


def test_a_tokenizer_json_of_bert_is_read(tab, tmp_path_factory, web_assets):
    """As a learner's own model may have one; from its added tokens to its length."""
    from edgelab.bundle.opening import open_tokenizer

    tokenizer = open_tokenizer(POCKET / "vocabulary.zlib")
    tokenizer.enable_truncation(24)
    folder = tmp_path_factory.mktemp("json")
    shutil.copyfile(POCKET / "model.onnx", folder / "model.onnx")
    tokenizer.save(str(folder / "tokenizer.json"))
    manifest = json.loads((POCKET / "bundle.json").read_text("utf-8"))
    manifest["sha256"] = dict.fromkeys(("model.onnx", "tokenizer.json"))
    (folder / "bundle.json").write_text(json.dumps(manifest), "utf-8")
    seal(folder)
    texts = [*ODD, *datasets.load("pocket").test.texts[:50]]
    with serving({"assets": web_assets, "json": folder}) as address:
        tab.goto(address)
        found, expected, bundle = answers(tab, address, {"json": folder}, "json", texts)
    assert [f["ids"] for f in found] == [bundle.token_ids(text) for text in texts]
    assert all(same_call(f, e) for f, e in zip(found, expected, strict=True))


REFUSED = f"where => ({OPEN})(where).then(() => 'loaded', error => `${{error.name}}: ${{error.message}}`)"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "Error: model.onnx: the server answered 404"),
        (
            lambda folder: (folder / "bundle.json").write_text("{"),
            "BundleError: bundle.json: expected a bundle's manifest",
        ),
        (lambda folder: altered(folder, format=2), "BundleError: bundle.json: expected format 1, found 2"),
        (
            lambda folder: altered(folder, labels=[]),
            "BundleError: bundle.json, labels: expected a list of texts, one or",
        ),
        (
            lambda folder: altered(folder, transitions="AAAA"),
            "BundleError: bundle.json, transitions: expected those of 63",
        ),
        (
            lambda folder: (folder / "model.onnx").write_bytes(b"\x08\x07"),
            "BundleError: model.onnx: does not match the SHA",
        ),
        (
            lambda folder: rewritten(folder, "model.onnx", b"no model"),
            "BundleError: model.onnx: ONNX Runtime does not open",
        ),
        (lambda folder: rewritten(folder, "vocabulary.zlib", b"x"), "BundleError: vocabulary.zlib: expected a packed"),
        (lambda folder: small_bundle(folder), "BundleError: tokenizer.json: the browser reads BERT's tokenizer alone"),
    ],
)
def test_what_is_no_bundle_is_refused_in_one_line(tab, tmp_path, web_assets, change, told):
    folder = tmp_path / "bundle"
    shutil.copytree(POCKET, folder)
    change(folder)
    with serving({"assets": web_assets, "bad": folder}) as address:
        tab.goto(address)
        said = tab.evaluate(REFUSED, [address, "bad"])
    assert said.startswith(told) and "\n" not in said, said


def altered(folder: Path, **entries) -> None:
    manifest = json.loads((folder / "bundle.json").read_text("utf-8")) | entries
    (folder / "bundle.json").write_text(json.dumps(manifest), "utf-8")


def rewritten(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    seal(folder)


def test_without_a_secure_page_hashes_are_not_compared_and_that_is_said(browser, origin):
    """As on a phone that opens the laptop's address in the local network by plain http."""
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined })")
    page.goto(origin)
    loaded = page.evaluate(OPEN, [origin, "fp32"])[4]
    page.close()
    assert loaded["verified"] is False and loaded["bytes"] > 10e6
