import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../../src/lab/device";
import { forget, keep, makeReport, recall, uuid4, visit, type Kept } from "../../src/lab/report";

const device = describe({ userAgent: "", maxTouchPoints: 0, screen: { width: 390.4, height: 844 } });
const start = { downloadMs: 0, sessionMs: 200.00049, firstMs: 0 };

function report(samples: number[], clockStepMs = 0.1) {
  return makeReport(uuid4(), uuid4(), device, "ab", start, { samples, batch: 1, clockStepMs }, null);
}

test("a report has these fields and no other", () => {
  const made = report([1, 2, 3]);
  assert.deepEqual(Object.keys(made).sort(), [
    "batch", "bundle_sha256", "clock_step_ms", "device", "first_ms", "id", "latency_ms", "load_ms", "runs", "sustained",
    "visit",
  ]);
  assert.deepEqual(Object.keys(made.device).sort(), ["browser", "cores", "kind", "memory_gb", "screen", "system"]);
  assert.deepEqual(made.device.screen, [390, 844]);
});

test("rounding keeps the percentiles in order, and a first answer below the clock's step is the step", () => {
  const made = report([1.00049, 1.00051, 1.0005], 1);
  const { p10, p50, p90, p99 } = made.latency_ms;
  assert.ok(p10 <= p50 && p50 <= p90 && p90 <= p99);
  assert.equal(made.first_ms, 1);
  assert.equal(made.load_ms.session, 200);
});

test("ids are random UUIDs of version 4", () => {
  const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const byte of [0, 255]) assert.match(uuid4((bytes) => bytes.fill(byte)), pattern);
  assert.notEqual(uuid4(), uuid4());
});

function memory() {
  const map = new Map<string, string>();
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
  };
}

test("what is kept comes back for its own session only, with the same id", () => {
  const storage = memory();
  const kept: Kept = { token: "t", report: report([1, 2]), samples: [1, 2], state: "agreed" };
  keep(storage, kept);
  assert.deepEqual(recall(storage, "t"), kept);
  assert.equal(recall(storage, "other"), null);
  forget(storage);
  assert.equal(recall(storage, "t"), null);
});

test("a tab's random number stays, and a storage that refuses or holds rubbish does no harm", () => {
  const storage = memory();
  assert.equal(visit(storage), visit(storage));
  const refuse = (): never => { throw new Error("no storage here"); };
  const refusing = { getItem: refuse, setItem: refuse, removeItem: refuse };
  assert.match(visit(refusing), /^[0-9a-f-]{36}$/);
  keep(refusing, { token: "t", report: report([1]), samples: [1], state: "sent" });
  assert.equal(recall(refusing, "t"), null);
  assert.equal(recall({ getItem: () => "{" }, "t"), null);
});
