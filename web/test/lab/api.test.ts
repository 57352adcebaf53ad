import assert from "node:assert/strict";
import { test } from "node:test";
import { lab, LabError, readFragment, send } from "../../src/lab/api";
import type { Report } from "../../src/lab/report";

const REPORT = { id: "1" } as Report;
const answers = (status: number, body: unknown = {}, headers: Record<string, string> = {}) => () =>
  Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
const nobody = () => Promise.reject(new TypeError("fetch failed"));

test("the token goes in a header, never in the address", async () => {
  const asked: [string, Record<string, string>][] = [];
  const connection = lab("secret", (address, options) => {
    asked.push([address, options.headers as Record<string, string>]);
    return answers(201)();
  });
  await connection.post(REPORT);
  await connection.room();
  assert.deepEqual(asked.map(([address]) => address), ["reports", "room"]);
  for (const [, headers] of asked) assert.equal(headers.Authorization, "Bearer secret");
  assert.equal(asked[0]?.[1]["Content-Type"], "application/json");
});

test("why the server did not do it", async () => {
  const cases: [Parameters<typeof lab>[1], LabError["why"], number][] = [
    [nobody, "gone", 0],
    [answers(503, {}, { "Retry-After": "2" }), "gone", 2000],
    [answers(401), "token", 0],
    [answers(429, {}, { "Retry-After": "7" }), "busy", 7000],
    [answers(409), "refused", 1000],
    [answers(422, { error: "runs: expected 30" }), "refused", 1000],
  ];
  for (const [fetcher, why, waitMs] of cases) {
    const error = await lab("t", fetcher).post(REPORT).then(() => null, (reason: unknown) => reason);
    assert.ok(error instanceof LabError);
    assert.deepEqual([error.why, error.waitMs], [why, waitMs]);
  }
  await assert.rejects(lab("t", answers(422, { error: "runs: expected 30" })).post(REPORT), /runs: expected 30/);
});

function attempts(outcomes: (LabError | null)[]) {
  const waited: number[] = [];
  let posts = 0;
  const post = () => {
    const outcome = outcomes[posts++] ?? null;
    return outcome === null ? Promise.resolve() : Promise.reject(outcome);
  };
  const wait = (ms: number) => Promise.resolve(void waited.push(ms));
  return { post, wait, waited, posts: () => posts };
}

const gone = new LabError("gone", "no answer");

test("a report is posted again until it is stored", async () => {
  const { post, wait, waited, posts } = attempts([gone, new LabError("busy", "", 7000), null]);
  await send(post, wait);
  assert.equal(posts(), 3);
  assert.ok((waited[0] ?? 0) >= 1000 && (waited[1] ?? 0) >= 7000);
});

test("what is refused is not posted again, and trying has an end", async () => {
  const refused = attempts([new LabError("refused", "no")]);
  await assert.rejects(send(refused.post, refused.wait), LabError);
  assert.equal(refused.posts(), 1);
  const lost = attempts(Array.from({ length: 20 }, () => gone));
  await assert.rejects(send(lost.post, lost.wait), LabError);
  assert.equal(lost.posts(), 6);
});

test("the address's fragment holds the token and the view", () => {
  assert.deepEqual(readFragment("#abc"), { token: "abc", view: "device" });
  assert.deepEqual(readFragment("#abc&view=room"), { token: "abc", view: "room" });
  assert.deepEqual(readFragment(""), { token: "", view: "device" });
});
