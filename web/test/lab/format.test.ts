import assert from "node:assert/strict";
import { test } from "node:test";
import { against, clockNote, roomSummary, slowing, time } from "../../src/lab/format";
import type { RoomDevice } from "../../src/lab/api";
import { examples } from "../../src/lab/try_it";

test("times have two digits, or three", () => {
  const written = [0.418, 0.999, 3.14, 9.96, 28.4, 999, 1234, 60_000].map(time);
  assert.deepEqual(written, ["0.42 ms", "1.0 ms", "3.1 ms", "10 ms", "28 ms", "999 ms", "1.2 s", "60 s"]);
});

test("one's own result against the room", () => {
  assert.equal(against(3, []), "Yours is the first device in the room.");
  assert.equal(against(3, [5]), "The fastest of 2 devices. The room's median is 4.0 ms.");
  assert.equal(against(3, [2]), "Faster than 0 of 1 other device. The room's median is 2.5 ms.");
  assert.equal(against(3, [1, 3, 5]), "Faster than 1 of 3 other devices. The room's median is 3.0 ms.");
});

test("what the minute did", () => {
  assert.match(slowing([2, 2, 3], 15), /1\.50 times as long: 2\.0 ms a request in the first 5\.0 s, 3\.0 ms in the last/);
  assert.match(slowing([2, 9, 2.05], 15), /kept its speed/);
});

test("a coarse clock is told, a fine one is not", () => {
  assert.equal(clockNote(1, 0.1), "");
  assert.match(clockNote(5, 1), /steps 1\.0 ms.*5 requests/);
});

test("the room in words, by kind", () => {
  const device = (kind: string, p50_ms: number): RoomDevice =>
    ({ id8: "", kind, system: "", browser: "", p50_ms, p99_ms: 0, load_ms: 0, first_ms: 0 });
  assert.equal(roomSummary([]), "No device has reported yet.");
  assert.equal(
    roomSummary([device("laptop", 2), device("phone", 8), device("phone", 4)]),
    "2 phones: median 6.0 ms, from 4.0 ms to 8.0 ms. 1 laptop: median 2.0 ms.",
  );
});

test("examples are short texts of the session, if it has any", () => {
  const long = "x".repeat(60);
  assert.deepEqual(examples([long, "set a timer please", "play some jazz now", "call my mother", "what is it"]), [
    "set a timer please", "play some jazz now", "call my mother",
  ]);
  assert.deepEqual(examples([long]), [long]);
});
