import assert from "node:assert/strict";
import { test } from "node:test";
import { percentiles } from "../../src/lab/statistics";
import { percentile } from "../../src/runtime/statistics";

const close = (found: number, expected: number): void => {
  assert.ok(Math.abs(found - expected) < 1e-12, `${found}, expected ${expected}`);
};

test("percentiles are numpy's", () => {
  // numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [0, 10, 50, 90, 99, 100])
  const values = [3, 1, 4, 1, 5, 9, 2, 6];
  const expected: [number, number][] = [[0, 1], [10, 1], [50, 3.5], [90, 6.9], [99, 8.79], [100, 9]];
  for (const [p, value] of expected) close(percentile(values, p), value);
});

test("one value is each of its percentiles, and the order of the values does not matter", () => {
  assert.deepEqual(percentiles([7]), { p10: 7, p50: 7, p90: 7, p99: 7 });
  assert.deepEqual(percentiles([1, 2, 10]), percentiles([10, 1, 2]));
});

test("the values given are left as they are", () => {
  const values = [3, 1, 2];
  percentile(values, 50);
  assert.deepEqual(values, [3, 1, 2]);
});
