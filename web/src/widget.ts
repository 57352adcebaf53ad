// The notebook's widget: a bundle runs in the learner's own browser, and what it answers goes back to Python as traits
// (edgelab/tiers/browser.py has their names).
import { callText } from "./call";
import { Bundle, DEFAULT_POLICY, decide, percentile, type Policy, type Prediction } from "./runtime/index";
import { askKernel, locateRuntime, type KernelModel } from "./kernel";
import { build, type View } from "./view";

interface Traits {
  answers: Record<string, unknown>[];
  loaded: Record<string, unknown>;
  run: Record<string, unknown>;
  error: string;
}

interface Model extends KernelModel {
  get(name: string): unknown;
  set<K extends keyof Traits>(name: K, value: Traits[K]): void;
  save_changes(): void;
}

const PAUSE_EVERY = 10; // requests, after which the page may draw and be stopped

class Session {
  readonly #model: Model;
  readonly #view: View;
  readonly #policy: Policy;
  #bundle: Bundle | null = null;
  #running: AbortController | null = null;

  constructor(model: Model, view: View) {
    this.#model = model;
    this.#view = view;
    this.#policy = { ...DEFAULT_POLICY, ...(model.get("_policy") as Partial<Policy>) };
  }

  /** Load the bundle and answer a first request; the rest is the person's. */
  async open(): Promise<void> {
    this.#view.status("Waiting for the notebook's kernel: it sends the bundle when no cell is running.");
    const ask = askKernel(this.#model);
    const manifest = await ask("bundle.json"); // and not before the kernel answers is anything else worth a wait
    this.#view.status("Downloading the bundle and ONNX Runtime.");
    const bundle = await Bundle.load(
      (file) => (file === "bundle.json" ? Promise.resolve(manifest) : ask(file)),
      await locateRuntime(this.#model.get("_folder") as string, ask),
    );
    const first = await bundle.predict(this.#texts()[0] ?? "");
    const { downloadMs, sessionMs, bytes, verified } = bundle.loaded;
    this.#report({
      loaded: { download_ms: downloadMs, session_ms: sessionMs, first_ms: first.latencyMs, bytes, verified },
    });
    this.#bundle = bundle;
    const seconds = ((downloadMs + sessionMs) / 1000).toFixed(1);
    const megabytes = (bytes / 1e6).toFixed(1);
    this.#view.status(`${bundle.model} is ready: ${megabytes} MB in ${seconds} s, first answer ${ms(first.latencyMs)}.`);
    this.#view.ready(true);
  }

  /** Answer one request. */
  async ask(text: string, isOnline: boolean): Promise<void> {
    if (this.#bundle === null || this.#running !== null) return;
    const found = await this.#bundle.predict(text);
    const { where, reason, score, confirm } = decide(this.#policy, found.logits, this.#bundle.labels, isOnline);
    this.#view.answer([
      ["Tool call", callText(found)],
      ["Route", `${ROUTES[where]}: ${reason}`],
      ["Asks first", confirm ? "yes, before the call is carried out" : "no"],
      ["Probability", found.confidence.toFixed(3)],
      [`Score (${this.#policy.score})`, score.toFixed(3)],
      ["Latency", ms(found.latencyMs)],
    ]);
    const told = this.#model.get("answers") as Traits["answers"];
    this.#report({ answers: [...told, { ...plain(found), where, reason, score, confirm, online: isOnline }] });
  }

  /** Answer all of the given requests one after another, or stop doing so. */
  async run(): Promise<void> {
    if (this.#bundle === null) return;
    if (this.#running !== null) {
      this.#running.abort();
      return;
    }
    this.#running = new AbortController();
    const { signal } = this.#running;
    const texts = this.#texts();
    const taken: number[] = [];
    this.#view.running(true);
    try {
      for (const text of texts) {
        if (signal.aborted) break;
        taken.push((await this.#bundle.predict(text)).latencyMs);
        if (taken.length % PAUSE_EVERY === 0) {
          this.#view.progress(taken.length);
          await new Promise((resolve) => setTimeout(resolve));
        }
      }
    } finally {
      this.#running = null;
      this.#view.running(false);
    }
    if (taken.length === 0) return;
    const [p50, p99] = [percentile(taken, 50), percentile(taken, 99)];
    this.#view.status(`${taken.length} requests answered: p50 ${ms(p50)}, p99 ${ms(p99)}.`);
    this.#report({ run: { requests: taken.length, p50_ms: p50, p99_ms: p99, latencies_ms: taken } });
  }

  fail(error: unknown): void {
    const told = error instanceof Error ? error.message : String(error);
    this.#view.error(told);
    this.#report({ error: told });
  }

  #texts(): string[] {
    return this.#model.get("texts") as string[];
  }

  #report(traits: Partial<Traits>): void {
    for (const [name, value] of Object.entries(traits)) this.#model.set(name as keyof Traits, value);
    this.#model.save_changes();
  }
}

const ROUTES = { local: "on this device", cloud: "to the cloud", refuse: "nowhere" };

const ms = (latency: number): string => `${latency.toFixed(latency < 10 ? 2 : 1)} ms`;

function plain({ text, label, slots, confidence, latencyMs }: Prediction): Record<string, unknown> {
  return { text, label, slots, confidence, latency_ms: latencyMs };
}

function render({ model, el }: { model: Model; el: HTMLElement }): void {
  const view = build(el, (model.get("texts") as string[]).length);
  const session = new Session(model, view);
  const guarded = (work: Promise<void>): void => {
    work.catch((error: unknown) => {
      session.fail(error);
    });
  };
  view.onAsk((text, isOnline) => {
    guarded(session.ask(text, isOnline));
  });
  view.onRun(() => {
    guarded(session.run());
  });
  guarded(session.open());
}

export default { render };
