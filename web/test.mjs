// Runs the unit tests: every test/**/*.test.ts, bundled for Node and given to Node's own runner.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, ".tests");
const tests = readdirSync(join(here, "test"), { recursive: true }).filter((name) => name.endsWith(".test.ts"));
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: tests.map((name) => join(here, "test", name)),
  outdir: out,
  bundle: true,
  platform: "node",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  loader: { ".css": "text" },
  logLevel: "warning",
});
const built = readdirSync(out, { recursive: true }).filter((name) => name.endsWith(".mjs"));
const run = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--test", ...built.map((name) => join(out, name))],
  { stdio: "inherit", cwd: here },
);
rmSync(out, { recursive: true, force: true });
process.exit(run.status ?? 1);
