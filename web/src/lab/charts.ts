// The pictures. Each is an SVG whose words stand beside it in the page, so it is hidden from screen readers.
import type { RoomDevice } from "./api";
import { svg, set } from "./dom";
import { byKind, count, tick as label } from "./format";
import { linearAxis, logAxis, stack, thinned, type Axis } from "./scale";
import { percentiles } from "./statistics";

const HEIGHT = 150;
const LEFT = 62;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 10;

/** Each timing as a dot, in the order in which they came: the picture while it measures. `planned` are the runs to come. */
export function drawTimings(host: HTMLElement, samples: readonly number[], planned: number): void {
  const picture = begin(host);
  if (samples.length === 0) return;
  const axis = logAxis(samples); // a few take ten times as long as most
  upwards(picture, axis);
  const across = (index: number): number => LEFT + ((index + 0.5) / planned) * (picture.width - LEFT - RIGHT);
  // One path, not hundreds of circles: it is drawn again and again while a slow device is busy.
  const dots = samples.map((sample, index) => `M${fixed(across(index))} ${fixed(height(axis, sample))}h0`).join("");
  picture.root.append(svg("path", { d: dots, class: "dots" }));
  if (samples.length < planned) return;
  const { p50, p90, p99 } = percentiles(samples);
  for (const [name, value] of Object.entries({ p50, p90, p99 })) {
    const y = height(axis, value);
    picture.root.append(svg("line", { x1: LEFT, x2: picture.width - RIGHT, y1: y, y2: y, class: `mark ${name}` }));
  }
}

/** The medians of the long run, window by window, as a line. */
export function drawWindows(host: HTMLElement, medians: readonly number[], planned: number): void {
  const picture = begin(host);
  if (medians.length === 0) return;
  const axis = linearAxis(medians);
  upwards(picture, axis);
  const across = (index: number): number => LEFT + ((index + 0.5) / planned) * (picture.width - LEFT - RIGHT);
  const points = medians.map((value, index) => `${fixed(across(index))} ${fixed(height(axis, value))}`);
  picture.root.append(svg("path", { d: `M${points.join("L")}`, class: "line" }));
  picture.root.append(svg("path", { d: points.map((point) => `M${point}h0`).join(""), class: "dots large" }));
}

interface Picture {
  root: SVGSVGElement;
  width: number;
}

function begin(host: HTMLElement): Picture {
  const width = Math.max(240, host.clientWidth);
  const root = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true" });
  host.replaceChildren(root);
  return { root, width };
}

function upwards({ root, width }: Picture, axis: Axis): void {
  for (const tick of thinned(axis, 0.2)) {
    const y = height(axis, tick);
    root.append(svg("line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, class: "grid" }));
    root.append(svg("text", { x: LEFT - 8, y: y + 4, class: "tick end" }, tick === 0 ? "0" : label(tick)));
  }
}

const height = (axis: Axis, value: number): number => HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM);

const fixed = (value: number): string => value.toFixed(1);

/** The room: a dot a device, a row a kind, from fast (left) to slow. A dot that is there already is moved, not made anew, so
 * that nothing flickers; `mine` is the id of the person's own. */
export function roomPicture(host: HTMLElement): (devices: readonly RoomDevice[], mine?: string) => void {
  const root = svg("svg", { "aria-hidden": "true", class: "room" });
  const grid = svg("g");
  const dots = svg("g");
  root.append(grid, dots);
  host.replaceChildren(root);
  const known = new Map<string, SVGCircleElement>();
  return (devices, mine) => {
    const width = Math.max(240, host.clientWidth);
    const radius = width > 700 ? 9 : 7;
    const axis = logAxis(devices.map((device) => device.p50_ms));
    const across = (value: number): number => 16 + axis.place(value) * (width - 32);
    const names: SVGElement[] = [];
    let bottom = 0;
    for (const { kind, members } of byKind(devices)) {
      const places = members.map((device) => across(device.p50_ms));
      const rows = stack(places, 2 * radius + 1);
      names.push(svg("text", { x: 2, y: bottom + 14, class: "kind-label" }, count(members.length, kind)));
      const top = bottom + 22;
      bottom = top + (Math.max(...rows) + 1) * (2 * radius + 1) + 6;
      members.forEach((device, index) => {
        const y = bottom - 6 - radius - (rows[index] ?? 0) * (2 * radius + 1);
        const dot = known.get(device.id8) ?? svg("circle", { cx: places[index] ?? 0, cy: y });
        known.set(device.id8, dot);
        const own = device.id8 === mine;
        set(dot, { cx: places[index] ?? 0, cy: y, r: own ? radius + 2 : radius, class: own ? "dot mine" : "dot" });
        if (!dot.isConnected || own) dots.append(dot);
      });
    }
    forgetOthers(known, devices);
    grid.replaceChildren(...ticks(axis, across, width, bottom), ...names);
    set(root, { viewBox: `0 0 ${width} ${bottom + 26}`, width, height: bottom + 26 });
  };
}

function forgetOthers(known: Map<string, SVGCircleElement>, devices: readonly RoomDevice[]): void {
  const there = new Set(devices.map((device) => device.id8));
  for (const [id8, dot] of known) {
    if (there.has(id8)) continue;
    dot.remove();
    known.delete(id8);
  }
}

function ticks(axis: Axis, across: (value: number) => number, width: number, bottom: number): SVGElement[] {
  return thinned(axis, 64 / width).flatMap((tick) => {
    const x = across(tick);
    const anchor = axis.place(tick) < 0.05 ? "start" : axis.place(tick) > 0.95 ? "end" : "middle";
    return [
      svg("line", { x1: x, x2: x, y1: 0, y2: bottom, class: "grid" }),
      svg("text", { x: anchor === "start" ? 2 : anchor === "end" ? width - 2 : x, y: bottom + 18, class: `tick ${anchor}` }, label(tick)),
    ];
  });
}
