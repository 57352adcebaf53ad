// The report that a device sends: exactly what the consent sentence names. No time, no address, no user agent.
import type { Device } from "./device";
import type { Measured, Sustained } from "./measure";
import { percentiles, type Percentiles } from "./statistics";

export interface Report {
  /** Made once a measurement and sent with each attempt, so that the server stores it once. */
  id: string;
  /** A random number of this tab: a device that measures again counts once. */
  visit: string;
  device: Device;
  bundle_sha256: string;
  load_ms: { download: number; session: number };
  first_ms: number;
  latency_ms: Percentiles;
  runs: number;
  batch: number;
  clock_step_ms: number;
  sustained: Sustained | null;
}

/** What a page knows of the first answer, noted as it happened. */
export interface Start {
  downloadMs: number;
  sessionMs: number;
  firstMs: number;
}

export function makeReport(
  id: string,
  visit: string,
  device: Device,
  sha256: string,
  start: Start,
  measured: Measured,
  sustained: Sustained | null,
): Report {
  const { p10, p50, p90, p99 } = percentiles(measured.samples);
  return {
    id,
    visit,
    device,
    bundle_sha256: sha256,
    load_ms: { download: rounded(start.downloadMs), session: rounded(start.sessionMs) },
    // A clock of 1 ms may see no time pass at all: then it took less than the step.
    first_ms: rounded(Math.max(start.firstMs, measured.clockStepMs)),
    latency_ms: { p10: rounded(p10), p50: rounded(p50), p90: rounded(p90), p99: rounded(p99) },
    runs: measured.samples.length,
    batch: measured.batch,
    clock_step_ms: rounded(measured.clockStepMs),
    sustained: sustained && { seconds: rounded(sustained.seconds), p50_ms: sustained.p50_ms.map(rounded) },
  };
}

/** Microseconds are more than any browser's clock tells. */
const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** A random UUID (version 4). `crypto.randomUUID` is only there with https, which a lab on a LAN does not have. */
export function uuid4(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): string {
  const bytes = [...random(new Uint8Array(16))];
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** One result a tab, kept so that a reload neither loses it nor measures and sends a second one; gone with the tab. */
export interface Kept {
  /** The session that it belongs to. */
  token: string;
  report: Report;
  /** All timings, to draw them again. */
  samples: number[];
  state: "private" | "agreed" | "sent";
}

const KEY = "edgelab-device-lab";
const VISIT = "edgelab-device-lab-visit";

/** This tab's random number. */
export function visit(storage: Pick<Storage, "getItem" | "setItem">): string {
  const made = uuid4();
  try {
    const known = storage.getItem(VISIT);
    if (known !== null) return known;
    storage.setItem(VISIT, made);
  } catch {
    // As below.
  }
  return made;
}

export function keep(storage: Pick<Storage, "setItem">, kept: Kept): void {
  try {
    storage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Private windows may refuse: then a reload begins anew.
  }
}

/** What was kept for this session, or null. */
export function recall(storage: Pick<Storage, "getItem">, token: string): Kept | null {
  try {
    const kept = JSON.parse(storage.getItem(KEY) ?? "null") as Kept | null;
    return kept?.token === token ? kept : null;
  } catch {
    return null;
  }
}

export function forget(storage: Pick<Storage, "removeItem">): void {
  try {
    storage.removeItem(KEY);
  } catch {
    // As above.
  }
}
