// How long this device takes to answer. Everything that a browser does (the clock, the pauses, whether the page can be
// seen) comes from outside, so that a test can play it.
import { median } from "./statistics";

/** What is measured, and with what. Times are in milliseconds. */
export interface Bench {
  predict: (text: string) => Promise<unknown>;
  now: () => number;
  /** Let the page draw and answer taps. While the page is hidden it does not come back. */
  pause: () => Promise<void>;
  /** How often the page was hidden so far: a hidden page is slowed, so what was timed around it does not count. */
  hides: () => number;
  /** Somebody asked to stop: measuring rejects with the signal's reason. */
  signal: AbortSignal;
}

export interface Plan {
  /** Timings wanted, each of one text alone, the texts in turn. */
  runs: number;
  /** On a slow device it ends after so long, once it has `fewest` timings. */
  limitMs: number;
  fewest: number;
}

export interface Measured {
  /** Milliseconds a request: one number a timing. */
  samples: number[];
  /** Requests in one timing, all of the same text. */
  batch: number;
  clockStepMs: number;
}

/** The page is never busy for longer than this between two pauses, but for a single timing that takes longer. */
const BUSY_MS = 40;
const WARM_UP = 20;
const WARM_UP_AGAIN = 5;
/** A timing lasts at least so many steps of the clock: its error is at most a tenth. */
const STEPS = 10;

/** The step of the clock: browsers make it coarse (0.1 to 1 ms, some 16 ms) against spying on other pages. */
export async function clockStep(bench: Pick<Bench, "now" | "pause">): Promise<number> {
  const steps: number[] = [];
  while (steps.length < 9) {
    const start = bench.now();
    let next = start;
    while (next === start) next = bench.now();
    let after = next;
    while (after === next) after = bench.now();
    steps.push(after - next);
    await bench.pause();
  }
  return median(steps);
}

/** How many requests one timing holds, so that the clock can tell its length; 1 wherever the clock is fine enough. */
export function batchSize(requestMs: number, stepMs: number): number {
  return Math.max(1, Math.ceil((STEPS * stepMs) / Math.max(requestMs, stepMs / 1000)));
}

/** Time the texts, each alone. `seen` is given all samples so far after each pause. */
export async function measure(
  bench: Bench,
  texts: readonly string[],
  plan: Plan,
  seen: (samples: readonly number[]) => void = () => undefined,
): Promise<Measured> {
  const clockStepMs = await clockStep(bench);
  const batch = batchSize(await warmUp(bench, texts, WARM_UP), clockStepMs);
  const samples: number[] = [];
  const start = bench.now();
  let late = false;
  while (samples.length < plan.runs && !(late && samples.length >= plan.fewest)) {
    const piece = await timeAWhile(bench, texts, samples.length, plan.runs - samples.length, batch);
    if (piece === null) await warmUp(bench, texts, WARM_UP_AGAIN);
    else samples.push(...piece);
    seen(samples);
    late = bench.now() - start > plan.limitMs;
  }
  return { samples, batch, clockStepMs };
}

/** Windows of a long run, to see whether the device slows as it gets warm. */
export interface Sustained {
  seconds: number;
  /** The median of each window, milliseconds a request. */
  p50_ms: number[];
}

/** Ask without rest for `windows` windows of `windowMs`. A page that was hidden begins anew (the device has cooled): `seen`
 * is told the medians so far and the milliseconds left. What lasts from one window into another counts in both, so that none
 * is empty on a very slow device. */
export async function sustain(
  bench: Bench,
  texts: readonly string[],
  batch: number,
  { windows, windowMs }: { windows: number; windowMs: number },
  seen: (medians: readonly number[], leftMs: number) => void = () => undefined,
): Promise<Sustained> {
  let samples: number[][] = [];
  let asked = 0;
  let start = bench.now();
  for (;;) {
    const at = bench.now();
    if (at - start >= windows * windowMs) break;
    const piece = await timeAWhile(bench, texts, asked, Infinity, batch);
    if (piece === null) {
      samples = [];
      start = bench.now();
    } else {
      asked += piece.length;
      const last = Math.min(windows - 1, Math.floor((bench.now() - start) / windowMs));
      for (let touched = Math.floor((at - start) / windowMs); touched <= last; touched++) {
        (samples[touched] ??= []).push(...piece);
      }
    }
    const whole = samples.slice(0, Math.floor((bench.now() - start) / windowMs));
    seen(whole.map(median), Math.max(0, start + windows * windowMs - bench.now()));
  }
  return { seconds: (bench.now() - start) / 1000, p50_ms: samples.map(median) };
}

/** Timings until the page must have a pause, and the pause; null if the page was hidden meanwhile. */
async function timeAWhile(
  bench: Bench,
  texts: readonly string[],
  from: number,
  most: number,
  batch: number,
): Promise<number[] | null> {
  const piece: number[] = [];
  const hidden = bench.hides();
  const start = bench.now();
  let last = 0;
  while (piece.length < most && (piece.length === 0 || bench.now() - start + last < BUSY_MS)) {
    const text = texts[(from + piece.length) % texts.length] ?? "";
    const before = bench.now();
    for (let request = 0; request < batch; request++) await bench.predict(text);
    last = bench.now() - before;
    piece.push(last / batch);
  }
  await rest(bench);
  return bench.hides() === hidden ? piece : null;
}

/** Answers that are not kept; the mean of the later half's times (a single one may be shorter than the clock's step). */
async function warmUp(bench: Bench, texts: readonly string[], count: number): Promise<number> {
  let spent = 0;
  for (let run = 0; run < count; run++) {
    const before = bench.now();
    await bench.predict(texts[run % texts.length] ?? "");
    if (run >= count / 2) spent += bench.now() - before;
    await rest(bench);
  }
  return spent / Math.floor(count / 2);
}

async function rest(bench: Bench): Promise<void> {
  await bench.pause();
  bench.signal.throwIfAborted();
}
