// Elements by id and by name. Text is only ever set as text.

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

export const button = (id: string): HTMLButtonElement => byId(id) as HTMLButtonElement;
export const input = (id: string): HTMLInputElement => byId(id) as HTMLInputElement;
export const progressBar = (id: string): HTMLProgressElement => byId(id) as HTMLProgressElement;

type Attributes = Record<string, string | number>;

export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  text = "",
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  set(element, attributes);
  if (text) element.textContent = text;
  return element;
}

export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

export function html<K extends keyof HTMLElementTagNameMap>(name: K, text = "", className = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** Change a text only where it differs: screen readers announce each change. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Show this element or hide it. */
export function toggle(element: HTMLElement, shown: boolean): void {
  element.hidden = !shown;
}
