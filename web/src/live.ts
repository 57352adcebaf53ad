// The book's live page: a bundle answers in the browser as one types. All files lie beside this one, in whatever folder a
// static server has them; nothing that is typed leaves the page.
import { callText } from "./call";
import { html, say, toggle } from "./lab/dom";
import { size, time } from "./lab/format";
import { runsHere } from "./lab/loading";
import { Bundle, DEFAULT_POLICY, decide, fetchFrom, runtimeFiles, type Prediction } from "./runtime/index";

const EXAMPLES = [
  "wake me at quarter past six tomorrow",
  "text Ana that I'm running ten minutes late",
  "send 20 euros to Tom",
  "why is the sky blue",
];
const ROUTES = { local: "on this device", cloud: "to the cloud", refuse: "nowhere" };
const QUIET_MS = 800; // without a key, after which the answer is read out

interface Page {
  form: HTMLFormElement;
  field: HTMLInputElement;
  offline: HTMLInputElement;
  answer: HTMLElement;
  status: HTMLElement;
  aloud: HTMLElement;
  error: HTMLElement;
}

function build(root: HTMLElement): Page {
  const form = html("form");
  const field = Object.assign(html("input"), { id: "live-text", type: "text", maxLength: 200, autocomplete: "off" });
  field.setAttribute("enterkeyhint", "go");
  field.value = EXAMPLES[0] ?? "";
  const label = Object.assign(html("label", "A request in English"), { htmlFor: field.id });
  const offline = Object.assign(html("input"), { id: "live-offline", type: "checkbox" });
  const network = html("label", "", "live-check");
  network.append(offline, " as if there were no network");
  form.append(label, field, network);
  const examples = html("div", "", "live-examples");
  examples.setAttribute("role", "group");
  examples.setAttribute("aria-label", "Examples");
  examples.append(...EXAMPLES.map((text) => Object.assign(html("button", text), { type: "button" })));
  const [answer, status, aloud, error] = [html("div"), html("p", "", "live-status"), html("p", "", "live-unseen"), html("p")];
  status.setAttribute("role", "status");
  aloud.setAttribute("role", "status");
  error.setAttribute("role", "alert");
  error.className = "live-error";
  toggle(error, false);
  root.replaceChildren(form, examples, answer, status, aloud, error);
  return { form, field, offline, answer, status, aloud, error };
}

class Live {
  readonly #page: Page;
  #bundle: Bundle | null = null;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(page: Page, root: HTMLElement) {
    this.#page = page;
    page.field.addEventListener("input", () => { this.#ask(QUIET_MS); });
    page.offline.addEventListener("change", () => { this.#ask(0); });
    page.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask(0);
    });
    for (const chip of root.querySelectorAll(".live-examples button")) {
      chip.addEventListener("click", () => {
        page.field.value = chip.textContent;
        this.#ask(0);
      });
    }
  }

  async open(folder: URL): Promise<void> {
    if (!runsHere()) throw new Error("this browser runs no WebAssembly with SIMD: any of the last few years does");
    say(this.#page.status, "Loading the model and ONNX Runtime, once.");
    const bundle = await Bundle.load(fetchFrom(new URL("pocket/", folder)), runtimeFiles(folder));
    await bundle.predict(this.#page.field.value); // the first answer is the slowest: it makes room
    this.#bundle = bundle;
    const { downloadMs, sessionMs, bytes, verified } = bundle.loaded;
    const check = verified ? "its files are those of its manifest (SHA-256)" : "this page cannot check its files' SHA-256";
    say(this.#page.status, `${bundle.model} is here: ${size(bytes)} in ${time(downloadMs + sessionMs)}; ${check}.`);
    this.#ask(0);
  }

  fail(error: unknown): void {
    say(this.#page.status, "");
    say(this.#page.error, `The model does not answer: ${error instanceof Error ? error.message : String(error)}.`);
    toggle(this.#page.error, true);
  }

  #ask(quietMs: number): void {
    this.#answer(quietMs).catch((error: unknown) => { this.fail(error); });
  }

  async #answer(quietMs: number): Promise<void> {
    const { field, offline, answer, aloud } = this.#page;
    const text = field.value.trim();
    clearTimeout(this.#quiet);
    toggle(answer, text !== "");
    if (this.#bundle === null || text === "") return;
    const found = await this.#bundle.predict(text);
    if (text !== field.value.trim()) return; // typed on, meanwhile
    const route = decide(DEFAULT_POLICY, found.logits, this.#bundle.labels, !offline.checked);
    const asks = route.confirm ? "yes, before the call is carried out" : "no";
    answer.replaceChildren(html("code", callText(found), "live-call"), table([
      ["Tool", found.label],
      ["Slots", slotText(found)],
      ["Route", `${ROUTES[route.where]}: ${route.reason}`],
      ["Asks first", asks],
      ["Confidence", `${(100 * found.confidence).toFixed(1)} %`],
      ["Time", found.latencyMs > 0 ? `${time(found.latencyMs)}, text in to call out` : "less than this browser's clock tells"],
    ]));
    this.#quiet = setTimeout(() => { say(aloud, `${callText(found)}, ${ROUTES[route.where]}`); }, quietMs);
  }
}

function slotText({ slots }: Prediction): string {
  const given = Object.entries(slots).map(([name, values]) => `${name} = ${values.map((v) => `"${v}"`).join(", ")}`);
  return given.join("; ") || "none";
}

function table(rows: [name: string, value: string][]): HTMLElement {
  const list = html("dl");
  for (const [name, value] of rows) {
    const row = html("div");
    row.append(html("dt", name), html("dd", value));
    list.append(row);
  }
  return list;
}

const root = document.getElementById("edgelab-live");
if (root !== null) {
  const live = new Live(build(root), root);
  live.open(new URL("./", import.meta.url)).catch((error: unknown) => { live.fail(error); });
}
