// Where files come from, for pages that a server gives them to.
import type { Source } from "./bundle";
import type { Assets } from "./engine";

/** ONNX Runtime's two files in the folder of an address, such as `new URL("./", import.meta.url)`. */
export function runtimeFiles(folder: string | URL): Assets {
  return {
    ortUrl: new URL("ort.wasm.bundle.min.mjs", folder).href,
    wasmUrl: new URL("ort-wasm-simd-threaded.wasm", folder).href,
  };
}

/** A bundle's files, each by its name in a folder of the server; `options` as `fetch` takes them. */
export function fetchFrom(folder: string | URL, options: RequestInit = {}): Source {
  return async (file) => {
    const response = await fetch(new URL(file, folder), options);
    if (!response.ok) throw new Error(`${file}: the server answered ${response.status}`);
    return response.arrayBuffer();
  };
}
