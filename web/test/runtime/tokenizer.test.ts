import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync } from "node:zlib";
import { Tokenizer, type Vocabulary } from "../../src/runtime/tokenizer";
import { readTokenizer, unpackVocabulary } from "../../src/runtime/vocabulary";

const PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "wake", "##up", "up", "e", "##x", ",", "王"];

function vocabulary(changes: Partial<Vocabulary> = {}): Vocabulary {
  return {
    ids: new Map(PIECES.map((piece, id) => [piece, id])),
    special: PIECES.slice(0, 5),
    unknown: "[UNK]",
    longestWord: 100,
    longestText: 128,
    ...changes,
  };
}

function packed(pieces: string[]): ArrayBuffer {
  const text = pieces.map((piece) => `\0${piece}`).join("");
  return new Uint8Array(deflateSync(text)).buffer;
}

function encode(text: string, changes: Partial<Vocabulary> = {}): [string[], readonly (readonly [number, number])[]] {
  const { ids, offsets } = new Tokenizer(vocabulary(changes)).encode(text);
  return [ids.slice(1, -1).map((id) => PIECES[id] ?? "?"), offsets.slice(1, -1)];
}

test("words are cut into their longest pieces, with their places", () => {
  assert.deepEqual(encode("WakeUp, up"), [["wake", "##up", ",", "up"], [[0, 4], [4, 6], [6, 7], [8, 10]]]);
});

test("places count code points, an emoji once", () => {
  assert.deepEqual(encode("\u{1f600} up"), [["[UNK]", "up"], [[0, 1], [2, 4]]]);
});

test("accents and what has no shape go, and a piece spans them", () => {
  assert.deepEqual(encode("e\u0301\u200dx"), [["e", "##x"], [[0, 1], [3, 4]]]);
  assert.deepEqual(encode("\u00e9 wa\0ke"), [["e", "wake"], [[0, 1], [2, 7]]]);
});

test("an ideograph is a word, a special token may be spelt out", () => {
  assert.deepEqual(encode("up王up[SEP]e"), [["up", "王", "up", "[SEP]", "e"], [[0, 2], [2, 3], [3, 5], [5, 10], [10, 11]]]);
});

test("half a surrogate pair is no character", () => {
  assert.deepEqual(encode("up\ud83d up"), [["up", "up"], [[0, 2], [4, 6]]]);
});

test("a word that is too long is unknown, a text that is too long is cut", () => {
  assert.deepEqual(encode("wake up", { longestWord: 3 })[0], ["[UNK]", "up"]);
  assert.deepEqual(encode("up up up", { longestText: 4 })[0], ["up", "up"]);
});

test("words are numbered, what stands around the text has no number", () => {
  assert.deepEqual(new Tokenizer(vocabulary()).encode("wakeup , e").wordIds, [null, 0, 0, 1, 2, null]);
});

test("a packed vocabulary is read, prefixes are taken from the piece before", async () => {
  const text = PIECES.map((piece) => `\0${piece}`).join("") + "\u0002##z" + "\u0001a";
  const { ids } = await unpackVocabulary(new Uint8Array(deflateSync(text)).buffer);
  assert.deepEqual([...ids.keys()].slice(-2), ["王##z", "王a"]);
  assert.equal(ids.get("wake"), 5);
});

for (const [told, content] of [
  ["something else than one whole zlib stream", new TextEncoder().encode("no zlib").buffer],
  ["something else than one whole zlib stream", packed(PIECES).slice(0, -6)],
  ["a piece that stands there twice", packed([...PIECES, "up"])],
  ["no \\[MASK\\] in it", packed(PIECES.filter((piece) => piece !== "[MASK]"))],
  ["bytes that are no UTF-8", new Uint8Array(deflateSync(Buffer.from([0, 0xff]))).buffer],
  ["more than 1000000 bytes in it", new Uint8Array(deflateSync(Buffer.alloc(2_000_000, "a"))).buffer],
  ["a text that begins with no number", new Uint8Array(deflateSync("[PAD]")).buffer],
] as const) {
  test(`a vocabulary is refused: ${told}`, async () => {
    await assert.rejects(unpackVocabulary(content), new RegExp(`vocabulary.zlib: expected .*${told}`));
  });
}

const FILE = {
  model: { type: "WordPiece", vocab: { "[UNK]": 0, "[CLS]": 1, "[SEP]": 2, up: 3 }, unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100 },
  normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: { id: "[CLS]" } }, { Sequence: { id: "A" } }, { SpecialToken: { id: "[SEP]" } }] },
  truncation: null,
  padding: null,
  added_tokens: [{ content: "[CLS]", id: 1, single_word: false, lstrip: false, rstrip: false, normalized: false }],
};
const written = (changes: object): ArrayBuffer => new TextEncoder().encode(JSON.stringify({ ...FILE, ...changes })).buffer;

test("a tokenizer.json of BERT is read", () => {
  const read = readTokenizer(written({ truncation: { direction: "Right", max_length: 9 } }));
  assert.equal(read.ids.get("up"), 3);
  assert.deepEqual([read.longestText, read.special], [9, ["[CLS]"]]);
});

for (const [part, changes] of Object.entries({
  model: { model: { ...FILE.model, type: "BPE" } },
  vocabulary: { model: { ...FILE.model, vocab: { up: 0 } } },
  normalizer: { normalizer: { ...FILE.normalizer, lowercase: false } },
  pre_tokenizer: { pre_tokenizer: null },
  post_processor: { post_processor: null },
  truncation: { truncation: { direction: "Left", max_length: 9 } },
  padding: { padding: { strategy: "BatchLongest" } },
  "kind of added token": { added_tokens: [{ ...FILE.added_tokens[0], normalized: true }] },
})) {
  test(`a tokenizer.json with another ${part} is refused`, () => {
    assert.throws(() => readTokenizer(written(changes)), new RegExp(`found another ${part}$`));
  });
}
