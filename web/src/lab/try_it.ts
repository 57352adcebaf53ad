// The field to play with: a request in, the call out. Nothing of it is sent anywhere.
import { callText } from "../call";
import type { Session } from "./api";
import { byId, html, input, progressBar, say, toggle } from "./dom";
import { size, time } from "./format";
import type { Model } from "./loading";

export interface TryIt {
  /** Show how far the download is. */
  progress: (bytes: number, total: number | null) => void;
}

/** `load` is called when somebody wants to use it, not before; `failed` when it cannot. */
export function tryIt(
  session: Session,
  load: () => Promise<Model>,
  announce: (text: string) => void,
  failed: (error: unknown) => void,
): TryIt {
  const field = input("try-text");
  let ready = false;
  const ask = async (aloud: boolean): Promise<void> => {
    const text = field.value.trim();
    if (text === "") {
      toggle(byId("answer"), false);
      return;
    }
    const model = await load();
    if (text !== field.value.trim()) return; // typed on while it loaded
    const answer = await model.predict(text);
    const written = callText(answer);
    showCall(written);
    say(byId("answer-note"), `${Math.floor(answer.confidence * 100)} % sure, in ${time(answer.latencyMs)}, on your device`);
    toggle(byId("answer"), true);
    if (aloud) announce(`It calls ${written}`);
  };
  const prepare = async (): Promise<void> => {
    if (!ready && byId("loading").hidden) {
      say(byId("loading-text"), "Loading the model …");
      announce("Loading the model");
      toggle(byId("loading"), true);
    }
    await load();
    ready = true;
    toggle(byId("loading"), false);
  };
  const start = (aloud: boolean): void => {
    Promise.all([prepare(), ask(aloud)]).catch((error: unknown) => {
      toggle(byId("loading"), false);
      failed(error);
    });
  };
  byId("try-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim() === "") field.focus();
    start(true);
  });
  field.addEventListener("input", () => {
    start(false);
  });
  showExamples(session.texts, (text) => {
    field.value = text;
    start(true);
  });
  return {
    progress: (bytes, total) => {
      showProgress(byId("loading-text"), progressBar("loading-bar"), bytes, total);
    },
  };
}

/** The call, which may break after its name on a narrow screen. */
function showCall(written: string): void {
  const [name = "", ...rest] = written.split(/(?<=^\w+\()/);
  byId("answer-call").replaceChildren(name, html("wbr"), rest.join(""));
}

function showExamples(texts: readonly string[], chosen: (text: string) => void): void {
  const chips = examples(texts).map((text) => {
    const chip = html("button", text);
    chip.type = "button";
    chip.addEventListener("click", () => { chosen(text); });
    return chip;
  });
  byId("examples").replaceChildren(...chips);
}

/** The model's download in words and as a bar; without a total the bar only shows that something goes on. */
export function showProgress(words: Element, bar: HTMLProgressElement, bytes: number, total: number | null): void {
  if (total !== null && bytes >= total) {
    say(words, "The model is here: starting it …");
    bar.removeAttribute("value");
    return;
  }
  say(words, total === null ? `Loading the model: ${size(bytes)}` : `Loading the model: ${size(bytes)} of ${size(total)}`);
  if (total === null) bar.removeAttribute("value");
  else bar.value = bytes / total;
}

/** Three of the session's texts that fit on a phone's line. */
export function examples(texts: readonly string[]): string[] {
  const short = texts.filter((text) => text.length >= 12 && text.length <= 32);
  return (short.length >= 3 ? short : texts).slice(0, 3);
}
