import assert from "node:assert/strict";
import test from "node:test";
import { bestPath, decode, grammar, largest, slotValues, tagNames, unpackTransitions } from "../../src/runtime/decoding";

const TAGS = tagNames(["artist", "time"]);
const RULE = unpackTransitions(undefined, TAGS) ?? [];

/** Logits [words, tags] in which each word says one tag. */
function saying(...tags: string[]): Float32Array {
  return Float32Array.from(tags.flatMap((said) => TAGS.map((tag) => (tag === said ? 5 : 0))));
}

function tokens(...words: [start: number, end: number][]): Parameters<typeof decode>[2] {
  return { ids: words.map(() => 9), wordIds: words.map((_, i) => i), offsets: words };
}

test("tags in Python's order", () => {
  assert.deepEqual(TAGS, ["O", "B-artist", "I-artist", "B-time", "I-time"]);
});

test("without scores the rule alone: I-x behind B-x and I-x only", () => {
  assert.deepEqual(RULE[0], [0, 0, -Infinity, 0, -Infinity]);
  assert.deepEqual(RULE[2], [0, 0, 0, 0, -Infinity]);
});

test("packed scores are signed bytes of a twentieth", () => {
  const bytes = Buffer.from(Int8Array.from({ length: 30 }, (_, i) => i - 15).buffer);
  const scores = unpackTransitions(bytes.toString("base64"), TAGS);
  assert.equal(scores?.[0]?.[0], -15 / 20);
  assert.equal(scores[2]?.[2], -3 * (1 / 20));
  assert.equal(unpackTransitions(bytes.subarray(1).toString("base64"), TAGS), undefined);
  assert.equal(unpackTransitions("%", TAGS), undefined);
});

test("only tags of the label's slots are marked", () => {
  const said = saying("B-artist", "O", "B-time");
  const at = tokens([0, 5], [6, 8], [9, 14]);
  assert.deepEqual(decode(said, grammar(["time"], TAGS, RULE), at, TAGS), [{ start: 9, end: 14, name: "time" }]);
  assert.deepEqual(decode(said, grammar([], TAGS, RULE), at, TAGS), []);
});

test("a span runs over its words to the end of the last one's pieces", () => {
  const found = decode(
    saying("O", "B-time", "O", "I-time", "O"),
    grammar(["time"], TAGS, RULE),
    { ids: [2, 7, 8, 9, 3], wordIds: [null, 0, 0, 1, null], offsets: [[0, 0], [0, 4], [4, 6], [7, 9], [0, 0]] },
    TAGS,
  );
  assert.deepEqual(found, [{ start: 0, end: 9, name: "time" }]);
});

test("what the neighbours forbid is not taken, whatever a word says", () => {
  const found = decode(saying("O", "I-time"), grammar(["time"], TAGS, RULE), tokens([0, 1], [2, 3]), TAGS);
  const both = decode(saying("I-time", "I-time"), grammar(["time"], TAGS, RULE), tokens([0, 1], [2, 3]), TAGS);
  assert.deepEqual(found, []);
  assert.deepEqual(both, [{ start: 0, end: 3, name: "time" }]);
});

test("of equal paths the one of earlier tags, as NumPy's argmax", () => {
  const equal = { allowed: [0, 1], first: [0, 0], follows: [[0, 0], [0, 0]] };
  assert.deepEqual(bestPath([[1, 1], [1, 1]], equal), [0, 0]);
  assert.deepEqual(bestPath([[0, 1], [1, 1]], equal), [1, 0]);
});

test("what is no number counts as the largest", () => {
  assert.equal(largest([1, 3, 3]), 1);
  assert.equal(largest([1, NaN, 3]), 1);
  assert.equal(largest([-Infinity, -Infinity]), 0);
});

test("values are the text's own, by code points, in the order said", () => {
  const spans = [{ start: 2, end: 5, name: "artist" }, { start: 6, end: 7, name: "artist" }];
  assert.deepEqual(slotValues("\u{1f3b5} Ann B", spans), { artist: ["Ann", "B"] });
});
