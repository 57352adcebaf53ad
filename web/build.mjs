// Builds what a browser is given: each entry of src/ as one ES module, and the two files of ONNX Runtime. `node build.mjs
// [FOLDER]`, by default dist/.
import { build } from "esbuild";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "dist");
const ENTRIES = { runtime: "runtime/index.ts", widget: "widget.ts", lab: "lab/main.ts", live: "live.ts" };
const COPIED = [
  "src/widget.css",
  "src/lab/lab.html",
  "src/lab/lab.css",
  "node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
  "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
];

const entries = Object.entries(ENTRIES)
  .map(([name, file]) => [name, join(here, "src", file)])
  .filter(([, file]) => existsSync(file));
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await build({
  entryPoints: Object.fromEntries(entries),
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  loader: { ".css": "text" },
  logLevel: "warning",
});
for (const file of COPIED.map((name) => join(here, name)).filter(existsSync)) {
  copyFileSync(file, join(out, file.slice(file.lastIndexOf("/") + 1)));
}
