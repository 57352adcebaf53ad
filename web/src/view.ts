// What the widget shows: a request to type, its answer, a run of many; said to screen readers as it changes.

export interface View {
  onAsk(heard: (text: string, isOnline: boolean) => void): void;
  onRun(heard: () => void): void;
  status(text: string): void;
  error(text: string): void;
  answer(rows: [name: string, value: string][]): void;
  ready(isReady: boolean): void;
  running(isRunning: boolean): void;
  progress(done: number): void;
}

const FIRST_REQUEST = "wake me at quarter past six tomorrow";

/** Fill an element. Its controls are off until `ready`. */
export function build(el: HTMLElement, requests: number): View {
  el.classList.add("edgelab-browser");
  const form = make("form", {});
  const input = make("input", { type: "text", value: FIRST_REQUEST, autocomplete: "off", disabled: true });
  const label = make("label", {}, "Request ", input);
  const ask = make("button", { type: "submit", disabled: true }, "Answer here");
  const offline = make("input", { type: "checkbox", disabled: true });
  const network = make("label", { className: "check" }, offline, " no network");
  form.append(label, ask, network);
  const answer = make("div", { role: "status" });
  const run = make("button", { type: "button", disabled: true });
  const bar = make("progress", { max: requests, value: 0, hidden: true });
  bar.ariaLabel = "Requests answered";
  const status = make("p", { role: "status" });
  const error = make("p", { role: "alert", className: "error", hidden: true });
  el.replaceChildren(form, answer, make("div", { className: "run" }, run, bar), status, error);
  return connected({ form, input, ask, offline, answer, run, bar, status, error }, requests);
}

type Parts = Record<"input" | "offline", HTMLInputElement> &
  Record<"ask" | "run", HTMLButtonElement> &
  Record<"answer" | "status" | "error", HTMLElement> & { form: HTMLFormElement; bar: HTMLProgressElement };

function connected(parts: Parts, requests: number): View {
  const { form, input, ask, offline, answer, run, bar, status, error } = parts;
  const name = (isRunning: boolean): string => (isRunning ? "Stop" : `Answer ${requests} requests`);
  run.textContent = name(false);
  return {
    onAsk(heard) {
      input.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault(); // JupyterLab keeps the key from the form: it is told here
        form.requestSubmit();
      });
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        heard(input.value, !offline.checked);
      });
    },
    onRun(heard) {
      run.addEventListener("click", heard);
    },
    status(text) {
      status.textContent = text;
    },
    error(text) {
      error.textContent = text;
      error.hidden = false;
    },
    answer(rows) {
      error.hidden = true;
      const parts = rows.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value)));
      answer.replaceChildren(make("dl", {}, ...parts));
    },
    ready(isReady) {
      for (const control of [input, ask, offline]) control.disabled = !isReady;
      run.disabled = !isReady || requests === 0;
    },
    running(isRunning) {
      run.textContent = name(isRunning);
      bar.hidden = !isRunning;
      bar.value = 0;
      for (const control of [input, ask, offline]) control.disabled = isRunning;
    },
    progress(done) {
      bar.value = done;
    },
  };
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
