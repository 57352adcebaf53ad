// The page of one device: try it, agree, measure, send, compare.
import { LabError, send, type Lab, type Session } from "./api";
import { describe } from "./device";
import { button, byId, input, progressBar, say, toggle } from "./dom";
import { time } from "./format";
import { modelLoader, type Model } from "./loading";
import { measure, sustain, type Bench, type Measured, type Sustained } from "./measure";
import { drawTimings, drawWindows } from "./charts";
import { forget, keep, makeReport, recall, uuid4, visit, type Kept } from "./report";
import { followRoom, showFigures } from "./result";
import { showProgress, tryIt } from "./try_it";
import { hides, pause, wait } from "./visibility";

/** On a slow device it stops early: percentiles from a hundred timings still mean something. */
const LIMIT_MS = 45_000;
const FEWEST = 100;
const WINDOWS = 12;

export interface Page {
  session: Session;
  lab: Lab;
  token: string;
  /** Shows the named sections and hides all others. */
  show: (state: string, sections: readonly string[], focus?: string) => void;
  /** Shows what went wrong, with a way on. */
  fail: (error: unknown, again: () => void) => void;
}

export function openDevice(page: Page): void {
  const { session, token } = page;
  const load = modelLoader(session, token, (bytes, total) => {
    field.progress(bytes, total);
    showProgress(byId("step"), progressBar("bar"), bytes, total);
  });
  const announce = (text: string): void => { say(byId("announce"), text); };
  const ready = (focus?: string): void => { page.show("ready", ["hello", "try", "ask"], focus); };
  const field = tryIt(session, load, announce, (error) => { page.fail(error, () => { ready("ask-title"); }); });
  for (const name of document.querySelectorAll(".kind")) say(name, kindName());
  say(byId("consent"), session.consent);
  say(byId("share-consent"), session.consent);
  const minute = time(session.sustained_seconds * 1000);
  say(byId("ask-minute-text"), `Then go on without rest for ${minute}, to see whether it slows as it gets warm`);

  const start = (agreed: boolean): void => {
    run(page, load, announce)
      .then((kept) => {
        kept.state = agreed ? "agreed" : "private";
        keep(sessionStorage, kept);
        openResult(page, kept, announce, () => { ready("ask-title"); });
      })
      .catch((error: unknown) => {
        if (error instanceof Stopped) ready("ask-title");
        else page.fail(error, () => { ready("ask-title"); });
      });
  };
  byId("measure-share").onclick = () => { start(true); };
  byId("measure-only").onclick = () => { start(false); };
  const kept = recall(sessionStorage, token);
  if (kept === null) ready();
  else openResult(page, kept, announce, () => { ready("ask-title"); });
}

class Stopped extends Error {}

/** Everything that is timed, with its pictures; rejects with Stopped when the person stops it. */
async function run(page: Page, load: () => Promise<Model>, announce: (text: string) => void): Promise<Kept> {
  const { session } = page;
  const step = byId("step");
  const bar = progressBar("bar");
  const picture = byId("live-picture");
  const wantsMinute = input("ask-minute").checked;
  picture.replaceChildren();
  bar.removeAttribute("value");
  say(step, "Loading the model …");
  page.show("running", ["hello", "running"], "running-title");
  const first = stopButton("Stop");
  const model = await orStopped(load(), first);
  say(step, "Warming up …");
  const measured = await measure(
    bench(model, first),
    session.texts,
    { runs: session.runs, limitMs: LIMIT_MS, fewest: FEWEST },
    every(200, (samples) => {
      say(step, `${samples.length} of ${session.runs} timings`);
      bar.value = samples.length / session.runs;
      drawTimings(picture, samples, session.runs);
      const quarter = Math.floor((4 * samples.length) / session.runs) * 25;
      if (quarter > 0) announce(`${quarter} percent measured`);
    }),
  );
  const sustained = wantsMinute ? await runMinute(page, model, measured, announce) : null;
  const report = makeReport(uuid4(), visit(sessionStorage), describe(hints()), model.sha256, model.start, measured, sustained);
  return { token: page.token, report, samples: measured.samples, state: "private" };
}

async function runMinute(
  { session }: Page,
  model: Model,
  { batch }: Measured,
  announce: (text: string) => void,
): Promise<Sustained | null> {
  const windowMs = (session.sustained_seconds * 1000) / WINDOWS;
  const bar = progressBar("bar");
  announce(`Now without rest for ${time(WINDOWS * windowMs)}`);
  const skip = stopButton("Skip the rest of this");
  try {
    return await sustain(
      bench(model, skip),
      session.texts,
      batch,
      { windows: WINDOWS, windowMs },
      every(250, (medians, leftMs) => {
        say(byId("step"), `Without rest: ${Math.ceil(leftMs / 1000)} s left`);
        bar.value = 1 - leftMs / (WINDOWS * windowMs);
        if (medians.length > 0) drawWindows(byId("live-picture"), medians, WINDOWS);
      }),
    );
  } catch (error) {
    if (error instanceof Stopped) return null; // what was measured before still counts
    throw error;
  }
}

function bench(model: Model, signal: AbortSignal): Bench {
  return { predict: model.predict, now: () => performance.now(), pause, hides, signal };
}

/** The button that ends what is going on, with its name for now. */
function stopButton(name: string): AbortSignal {
  const controller = new AbortController();
  const stop = button("stop");
  say(stop, name);
  stop.onclick = () => { controller.abort(new Stopped()); };
  return controller.signal;
}

function orStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => { reject(signal.reason as Error); });
    }),
  ]);
}

/** Draw now and then only: drawing takes a slow device's time. The first call and one after each wait come through. */
function every<Args extends unknown[]>(ms: number, draw: (...args: Args) => void): (...args: Args) => void {
  let last = -Infinity;
  return (...args) => {
    if (performance.now() - last < ms) return;
    last = performance.now();
    draw(...args);
  };
}

function openResult(page: Page, kept: Kept, announce: (text: string) => void, again: () => void): void {
  page.show("result", ["hello", "result", "try"], "result-title");
  showFigures(kept);
  const leave = followRoom(page.lab, kept.report);
  const share = button("share");
  const status = (text: string, offer: string | null): void => {
    say(byId("sharing"), text);
    announce(text);
    toggle(share, offer !== null);
    if (offer !== null) say(share, offer);
    toggle(byId("share-consent"), kept.state === "private");
    toggle(byId("again"), offer !== null || kept.state === "sent");
  };
  const deliver = (): void => {
    kept.state = "agreed";
    keep(sessionStorage, kept);
    status("Sending your result …", null);
    send(() => page.lab.post(kept.report), wait, (error, ms) => {
      status(`The lab ${error.why === "busy" ? "is busy" : "does not answer"}: next try in ${Math.ceil(ms / 1000)} s.`, null);
    }).then(() => {
      kept.state = "sent";
      keep(sessionStorage, kept);
      status("Shared with the room.", null);
    }, (error: unknown) => {
      const final = error instanceof LabError && (error.why === "refused" || error.why === "token");
      if (final) status(`The lab did not take it: ${error.message}`, null);
      else status("The lab does not answer. Your result is kept here.", "Send it again");
    });
  };
  share.onclick = deliver;
  byId("again").onclick = () => {
    leave();
    forget(sessionStorage);
    again();
  };
  if (kept.state === "agreed") deliver();
  else if (kept.state === "sent") status("Shared with the room.", null);
  else status("Nothing was sent.", "Share this result");
}

function hints(): Parameters<typeof describe>[0] {
  const { userAgent, maxTouchPoints, hardwareConcurrency } = navigator;
  const { deviceMemory } = navigator as Navigator & { deviceMemory?: number };
  return { userAgent, maxTouchPoints, hardwareConcurrency, deviceMemory, screen };
}

function kindName(): string {
  const { kind } = describe(hints());
  return kind === "other" ? "device" : kind;
}
