import assert from "node:assert/strict";
import { test } from "node:test";
import { linearAxis, logAxis, stack, thinned } from "../../src/lab/scale";

test("a logarithmic axis holds all values between round numbers", () => {
  const axis = logAxis([1.3, 27]);
  assert.deepEqual([axis.from, axis.to, axis.ticks], [1, 50, [1, 2, 5, 10, 20, 50]]);
  assert.equal(axis.place(1), 0);
  assert.equal(axis.place(50), 1);
  assert.ok(Math.abs(axis.place(Math.sqrt(50)) - 0.5) < 1e-12);
});

test("an axis of one value, of none, and of a round number", () => {
  for (const values of [[3], [], [1], [0.0001], [5, 5], [0, 3]]) {
    const axis = logAxis(values);
    assert.ok(axis.to > axis.from && axis.ticks.length >= 2, JSON.stringify(axis));
    for (const value of values) assert.ok(axis.place(value) >= 0 && axis.place(value) <= 1);
  }
});

test("a linear axis begins at zero", () => {
  assert.deepEqual(linearAxis([3, 17]).ticks, [0, 10, 20]);
  assert.equal(linearAxis([3, 20]).place(20), 1);
});

test("dots that would cover each other are stacked, others lie on the line", () => {
  assert.deepEqual(stack([0, 100, 50], 10), [0, 0, 0]);
  assert.deepEqual(stack([0, 5, 9, 12], 10), [0, 1, 2, 0]);
  const places = Array.from({ length: 200 }, (_, index) => (index * 37) % 101);
  const rows = stack(places, 10);
  places.forEach((place, one) => {
    places.forEach((other, two) => {
      if (one !== two && rows[one] === rows[two]) assert.ok(Math.abs(place - other) >= 10);
    });
  });
});

test("labels keep their distance", () => {
  const axis = logAxis([1, 90]);
  const kept = thinned(axis, 0.2);
  assert.ok(kept.length < axis.ticks.length && kept[0] === axis.ticks[0]);
});
