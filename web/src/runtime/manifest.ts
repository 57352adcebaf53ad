// What a bundle's `bundle.json` says, checked as far as the browser relies on it (edgelab/bundle/manifest.py checks all).
import { BundleError } from "./errors";

export interface Manifest {
  model: string;
  labels: string[];
  slot_names: string[];
  label_slots: Record<string, string[]>;
  transitions?: string;
  sha256: Record<string, string>;
  manifest_sha256: string;
}

const FORMAT = 1;

const isText = (value: unknown): boolean => typeof value === "string";
const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const areAll = (value: unknown, fits: (entry: unknown) => boolean): boolean =>
  typeof value === "object" && value !== null && Object.values(value).every(fits);

const ENTRIES: Record<string, [expected: string, fits: (value: unknown) => boolean]> = {
  model: ["a text", isText],
  labels: ["a list of texts, one or more", (value) => areTexts(value) && (value as unknown[]).length > 0],
  slot_names: ["a list of texts", areTexts],
  label_slots: ["a list of slot names for each label", (value) => areAll(value, areTexts)],
  transitions: ["a text in base64", (value) => value === undefined || isText(value)],
  sha256: ["64 hexadecimal digits for each file", (value) => areAll(value, isText)],
  manifest_sha256: ["64 hexadecimal digits", isText],
};

/** The manifest in the bytes of a `bundle.json`. */
export function readManifest(content: ArrayBuffer): Manifest {
  let found: Record<string, unknown>;
  try {
    found = JSON.parse(new TextDecoder().decode(content)) as Record<string, unknown>;
  } catch {
    throw new BundleError("bundle.json: expected a bundle's manifest, found something else");
  }
  if (found.format !== FORMAT) {
    throw new BundleError(`bundle.json: expected format ${FORMAT}, found ${JSON.stringify(found.format)}`);
  }
  for (const [key, [expected, fits]] of Object.entries(ENTRIES)) {
    if (!fits(found[key])) throw new BundleError(`bundle.json, ${key}: expected ${expected}, found something else`);
  }
  return found as unknown as Manifest;
}

/** Compare a file's SHA-256 with the manifest's. False where the browser cannot compute one: it may only on pages that
 * came by https or from the machine itself, so not on a phone's page from the local network. */
export async function verify(manifest: Manifest, file: string, content: ArrayBuffer): Promise<boolean> {
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return false;
  const digest = new Uint8Array(await subtle.digest("SHA-256", content));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== manifest.sha256[file]) {
    throw new BundleError(`${file}: does not match the SHA-256 in bundle.json: altered or truncated`);
  }
  return true;
}
