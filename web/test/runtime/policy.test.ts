import assert from "node:assert/strict";
import test from "node:test";
import { decide, DEFAULT_POLICY, SCORES, softmax, type Policy } from "../../src/runtime/policy";
import { percentile } from "../../src/runtime/statistics";

const LABELS = ["ask_cloud", "play_music", "send_money"];
const rules = (changes: Partial<Policy>): Policy => ({ ...DEFAULT_POLICY, score: "max_probability", ...changes });
const route = (policy: Policy, logits: number[], online?: boolean): string => decide(policy, logits, LABELS, online).reason;

test("probabilities sum to one, however large the logits", () => {
  assert.deepEqual(softmax([1000, 1000]), [0.5, 0.5]);
});

test("scores by hand", () => {
  const found = Object.fromEntries(Object.entries(SCORES).map(([name, score]) => [name, score([Math.log(3), 0])]));
  assert.ok(Math.abs((found.max_probability ?? 0) - 0.75) < 1e-12);
  assert.ok(Math.abs((found.margin ?? 0) - Math.log(3)) < 1e-12);
  assert.ok(Math.abs((found.entropy ?? 0) - (0.75 * Math.log(0.75) + 0.25 * Math.log(0.25))) < 1e-12);
  assert.ok(Math.abs((found.energy ?? 0) - Math.log(4)) < 1e-12);
});

test("every reason", () => {
  assert.equal(route(rules({ threshold: 0.5 }), [0, 9, 0]), "local");
  assert.equal(route(rules({ threshold: 0.99 }), [0, 1, 0]), "unsure");
  assert.equal(route(rules({}), [9, 0, 0]), "beyond the device");
  assert.equal(route(rules({}), [0, 0, 9]), "high stakes, confirm first");
  assert.equal(route(rules({ threshold: 0.99 }), [0, 1, 0], false), "offline, degraded answer");
  assert.equal(route(rules({ threshold: 0.99, offline: "refuse" }), [0, 1, 0], false), "offline, refused");
  assert.equal(route(rules({}), [9, 0, 0], false), "offline, refused");
});

test("high stakes within reach are asked about, above a score they are not", () => {
  assert.equal(decide(rules({ reach: 0.2 }), [-9, 1, 0.5], LABELS).confirm, true);
  assert.equal(decide(rules({ reach: 1.5 }), [-9, 1, 0.5], LABELS).confirm, false);
  assert.equal(decide(rules({ confirm_below: 0.9 }), [0, 0, 9], LABELS).confirm, false);
});

test("a score that is no number is no reason to stay", () => {
  assert.equal(route(rules({ score: "learned", weights: [] }), [0, 9, 0]), "unsure");
});

test("logits of other labels are refused", () => {
  assert.throws(() => decide(rules({}), [1, 2], LABELS), /expected logits of 3 labels, found 2/);
});

test("percentiles lie between the sorted values", () => {
  assert.equal(percentile([4, 1, 3, 2], 50), 2.5);
  assert.equal(percentile([10, 0], 99), 9.9);
  assert.ok(Number.isNaN(percentile([], 50)));
});
