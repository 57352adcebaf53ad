// ONNX Runtime's WebAssembly build: loaded once a page, on one thread, which every page may use (several need headers that
// isolate it).
import type * as Ort from "onnxruntime-web/wasm";

/** Where the two files of ONNX Runtime lie: `ort.wasm.bundle.min.mjs` and `ort-wasm-simd-threaded.wasm`. */
export interface Assets {
  ortUrl: string;
  wasmUrl: string;
  /** Downloads `wasmUrl` in place of `fetch`, for a page that shows how far it is. */
  read?: (url: string) => Promise<ArrayBuffer>;
}

export type Engine = typeof Ort;

const loaded = new Map<string, Promise<{ ort: Engine; bytes: number }>>();

/** The library, and how many bytes of WebAssembly were downloaded for it. */
export function engine({ ortUrl, wasmUrl, read = download }: Assets): Promise<{ ort: Engine; bytes: number }> {
  const known = loaded.get(ortUrl);
  if (known !== undefined) return known;
  const loading = load(ortUrl, () => read(wasmUrl));
  loaded.set(ortUrl, loading);
  loading.catch(() => loaded.delete(ortUrl)); // so that the next try asks again
  return loading;
}

async function load(ortUrl: string, read: () => Promise<ArrayBuffer>): Promise<{ ort: Engine; bytes: number }> {
  const [ort, binary] = await Promise.all([import(ortUrl) as Promise<Engine>, read()]);
  const bytes = binary.byteLength;
  // Handed over as bytes, so that what is downloading and what is compiling can be told apart.
  ort.env.wasm.wasmBinary = binary;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  return { ort, bytes };
}

async function download(url: string): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: answered ${response.status}`);
  return response.arrayBuffer();
}
