// The model comes into the page: downloaded with progress, opened, and asked for its first answer, each timed as it
// happens, since it happens only once. The times stay in the page until the person shares them.
import type { Session } from "./api";
import type { Start } from "./report";
import { Bundle, runtimeFiles, type Prediction } from "../runtime/index";
import { hides, pause } from "./visibility";

export interface Model {
  predict: (text: string) => Promise<Prediction>;
  sha256: string;
  start: Start;
}

/** Bytes so far and bytes in all (null while that is not known). */
export type Progress = (bytes: number, total: number | null) => void;

/** A function that loads the model once, however often it is called; after a failure the next call tries again. */
export function modelLoader(session: Session, token: string, progress: Progress): () => Promise<Model> {
  let loading: Promise<Model> | null = null;
  return () => {
    loading ??= load(session, token, progress).catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}

async function load(session: Session, token: string, progress: Progress): Promise<Model> {
  const read = reader(session.bundle.size_bytes, token, progress);
  const folder = new URL("bundle/", document.baseURI);
  const assets = { ...runtimeFiles(new URL("assets/", document.baseURI)), read };
  for (;;) {
    await pause(); // until the page can be seen
    const hidden = hides();
    const bundle = await Bundle.load((file) => read(new URL(file, folder).href), assets);
    const before = performance.now();
    await bundle.predict(session.texts[0] ?? "");
    const firstMs = performance.now() - before;
    if (hides() !== hidden) continue; // timed while nobody could see it: anew
    const { downloadMs, sessionMs } = bundle.loaded;
    return { predict: (text) => bundle.predict(text), sha256: bundle.sha256, start: { downloadMs, sessionMs, firstMs } };
  }
}

/** Downloads that add up to one progress. The engine's size is known when its headers are there. */
function reader(bundleBytes: number, token: string, progress: Progress): (address: string) => Promise<ArrayBuffer> {
  let got = 0;
  let engine: number | null = null;
  return async (address) => {
    const response = await fetch(address, { headers: { Authorization: `Bearer ${token}` }, credentials: "omit" });
    if (!response.ok || response.body === null) throw new Error(`${address}: the server answered ${response.status}`);
    if (address.endsWith(".wasm")) engine = length(response.headers);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (const stream = response.body.getReader(); ; ) {
      const { done, value } = await stream.read();
      if (done) return new Blob(parts).arrayBuffer();
      parts.push(value);
      got += value.byteLength;
      progress(got, engine === null ? null : Math.max(got, engine + bundleBytes));
    }
  };
}

/** Bytes of the body as the page reads it; a compressed one's Content-Length tells another number. */
function length(headers: Headers): number | null {
  const written = headers.get("X-Uncompressed-Length") ?? (headers.has("Content-Encoding") ? null : headers.get("Content-Length"));
  return written === null ? null : Number(written);
}

/** Whether this browser runs WebAssembly with SIMD, which the engine is made of: a module of one such instruction. */
export function runsHere(): boolean {
  if (typeof WebAssembly !== "object" || typeof DecompressionStream === "undefined") return false;
  const head = [0, 97, 115, 109, 1, 0, 0, 0];
  const type = [1, 5, 1, 96, 0, 1, 123]; // a function without arguments that gives a v128
  const code = [3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]; // i32.const 0, i8x16.splat, i8x16.popcnt
  return WebAssembly.validate(Uint8Array.from([...head, ...type, ...code]));
}
