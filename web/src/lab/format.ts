// Numbers and sentences as people read them.
import type { RoomDevice } from "./api";
import { median } from "./statistics";

/** "0.42 ms", "3.1 ms", "28 ms", "1.2 s". */
export function time(ms: number): string {
  if (ms >= 1000) return `${fixed(ms / 1000)} s`;
  return `${fixed(ms)} ms`;
}

/** Milliseconds in a table that names the unit above: "0.42", "3.1", "28", "1234". */
export const number = (ms: number): string => fixed(ms);

/** A round number on an axis: "0.2 ms", "5 ms", "2 s". */
export const tick = (ms: number): string => (ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`);

function fixed(value: number): string {
  if (value >= 9.95) return Math.round(value).toString();
  return value.toFixed(value >= 0.995 ? 1 : 2);
}

/** Megabytes of 10^6 bytes, as shops and browsers count them. */
export const size = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export const count = (number: number, name: string): string => `${number} ${name}${number === 1 ? "" : "s"}`;

/** The person's own median against the other devices'. */
export function against(mine: number, others: readonly number[]): string {
  if (others.length === 0) return "Yours is the first device in the room.";
  const slower = others.filter((other) => other > mine).length;
  const middle = time(median([...others, mine]));
  if (slower === others.length) return `The fastest of ${others.length + 1} devices. The room's median is ${middle}.`;
  return `Faster than ${slower} of ${count(others.length, "other device")}. The room's median is ${middle}.`;
}

/** What the long run did: the last window against the first; `seconds` of the whole run. */
export function slowing(medians: readonly number[], seconds: number): string {
  const first = medians[0] ?? NaN;
  const last = medians.at(-1) ?? NaN;
  const window = time((seconds * 1000) / medians.length);
  const between = `${time(first)} a request in the first ${window}, ${time(last)} in the last`;
  const ratio = last / first;
  if (ratio < 1.05 && ratio > 0.95) return `It kept its speed: ${between}.`;
  return `At the end a request took ${ratio.toFixed(2)} times as long: ${between}.`;
}

/** How the clock was too coarse for single requests, or nothing. */
export function clockNote(batch: number, stepMs: number): string {
  if (batch === 1) return "";
  return (
    `This browser's clock steps ${time(stepMs)} at a time, too coarse for one request: ` +
    `${batch} requests of one text were timed together, so a single slow one shows less.`
  );
}

/** The room in a sentence for each kind of device. */
export function roomSummary(devices: readonly RoomDevice[]): string {
  if (devices.length === 0) return "No device has reported yet.";
  const groups = byKind(devices).map(({ kind, members }) => {
    const times = members.map((device) => device.p50_ms);
    const range = members.length > 1 ? `, from ${time(Math.min(...times))} to ${time(Math.max(...times))}` : "";
    return `${count(members.length, kind)}: median ${time(median(times))}${range}`;
  });
  return `${groups.join(". ")}.`;
}

/** The devices in rows of the picture: phones first, empty kinds left out. */
export function byKind<T extends { kind: string }>(devices: readonly T[]): { kind: string; members: T[] }[] {
  return ["phone", "tablet", "laptop", "other"]
    .map((kind) => ({ kind, members: devices.filter((device) => named(device.kind) === kind) }))
    .filter(({ members }) => members.length > 0);
}

const named = (kind: string): string => (["phone", "tablet", "laptop"].includes(kind) ? kind : "other");
