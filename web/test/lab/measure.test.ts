import assert from "node:assert/strict";
import { test } from "node:test";
import { batchSize, clockStep, measure, sustain, type Bench } from "../../src/lab/measure";

/** A device that is played: a request takes what `cost` says, the clock shows whole steps, each look at it takes a little. */
function played({ cost, step = 0.01, look = 0.001, hideAt = [] as number[], stopAt = Infinity }: {
  cost: (text: string, at: number) => number;
  step?: number;
  look?: number;
  hideAt?: number[];
  stopAt?: number;
}) {
  const controller = new AbortController();
  const state = { at: 0, asked: [] as string[], pauses: [] as number[], hidden: 0 };
  const bench: Bench = {
    predict: (text) => {
      state.asked.push(text);
      state.at += cost(text, state.at);
      return Promise.resolve(null);
    },
    now: () => {
      state.at += look;
      return Math.floor(state.at / step) * step;
    },
    pause: () => {
      state.pauses.push(state.at);
      state.hidden = hideAt.filter((at) => at <= state.at).length;
      if (state.at >= stopAt) controller.abort(new Error("stopped"));
      return Promise.resolve();
    },
    hides: () => state.hidden,
    signal: controller.signal,
  };
  return { bench, state };
}

const plan = { runs: 60, limitMs: 10_000, fewest: 10 };
const near = (found: number, expected: number, within: number): void => {
  assert.ok(Math.abs(found - expected) <= within, `${found}, expected ${expected} +- ${within}`);
};

test("each text alone is timed, in turn", async () => {
  const costs: Record<string, number> = { a: 2, b: 3, c: 10 };
  const { bench } = played({ cost: (text) => costs[text] ?? NaN });
  const { samples, batch, clockStepMs } = await measure(bench, ["a", "b", "c"], plan);
  assert.equal(batch, 1);
  near(clockStepMs, 0.01, 1e-9);
  assert.equal(samples.length, 60);
  samples.forEach((sample, index) => { near(sample, [2, 3, 10][index % 3] ?? NaN, 0.02); });
});

test("the first answers warm up and do not count", async () => {
  let answers = 0;
  const { bench } = played({ cost: () => (answers++ < 20 ? 50 : 2) });
  const { samples } = await measure(bench, ["a"], plan);
  assert.ok(Math.max(...samples) < 2.1);
});

test("a pause comes at least every 50 ms, or after each timing that takes longer", async () => {
  for (const cost of [0.5, 7, 30, 90]) {
    const { bench, state } = played({ cost: () => cost });
    await measure(bench, ["a"], plan);
    const gaps = state.pauses.slice(1).map((pause, index) => pause - (state.pauses[index] ?? 0));
    assert.ok(Math.max(...gaps) <= Math.max(50, cost + 1), `${cost}: ${Math.max(...gaps)}`);
  }
});

test("the clock's step is found", async () => {
  for (const step of [0.1, 1, 16.5]) near(await clockStep(played({ cost: () => 1, step }).bench), step, 1e-9);
});

test("a coarse clock gets batches, which show the same time a request", async () => {
  const { bench } = played({ cost: () => 2.3, step: 1 });
  const { samples, batch } = await measure(bench, ["a", "b"], plan);
  assert.equal(batch, 5);
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  near(mean, 2.3, 0.05);
});

test("a batch lasts at least ten steps of the clock", () => {
  assert.equal(batchSize(5, 0.1), 1);
  assert.equal(batchSize(1, 0.1), 1);
  assert.equal(batchSize(0.9, 0.1), 2);
  assert.equal(batchSize(2, 1), 5);
  assert.ok(batchSize(0, 1) <= 10_000);
});

test("what was timed while the page was hidden is dropped", async () => {
  // From 100 ms on the page is hidden once, and requests take ten times as long until then.
  const { bench } = played({ cost: (_, at) => (at > 100 && at < 150 ? 20 : 2), hideAt: [110, 130, 160] });
  const { samples } = await measure(bench, ["a"], plan);
  assert.equal(samples.length, 60);
  assert.ok(Math.max(...samples) < 2.1, `${Math.max(...samples)}`);
});

test("a slow device stops early, with enough timings", async () => {
  const { bench } = played({ cost: () => 1000 });
  const { samples } = await measure(bench, ["a"], { runs: 60, limitMs: 3000, fewest: 10 });
  assert.equal(samples.length, 10);
});

test("somebody may stop it", async () => {
  const { bench } = played({ cost: () => 2, stopAt: 60 });
  await assert.rejects(measure(bench, ["a"], plan), /stopped/);
});

test("the long run has a median for each window", async () => {
  const { bench } = played({ cost: (_, at) => (at < 3000 ? 2 : 4) });
  const told: number[] = [];
  const result = await sustain(bench, ["a"], 1, { windows: 6, windowMs: 1000 }, (medians) => told.push(medians.length));
  near(result.seconds, 6, 0.05);
  result.p50_ms.forEach((value, index) => { near(value, index < 3 ? 2 : 4, 0.1); });
  assert.equal(Math.max(...told), 6);
});

test("a long run that was hidden begins anew", async () => {
  const { bench, state } = played({ cost: () => 2, hideAt: [2500] });
  const result = await sustain(bench, ["a"], 1, { windows: 3, windowMs: 1000 });
  assert.equal(result.p50_ms.length, 3);
  assert.ok(state.at > 5400);
});

test("a request that lasts through whole windows is in each of them", async () => {
  const { bench } = played({ cost: () => 2500 });
  const { p50_ms } = await sustain(bench, ["a"], 1, { windows: 6, windowMs: 1000 });
  assert.equal(p50_ms.length, 6);
  for (const value of p50_ms) near(value, 2500, 0.1);
});
