// A bundle in use: text in, label and slots out, as edgelab/bundle/predict.py does it.
import type { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { decode, grammar, largest, slotValues, tagNames, unpackTransitions, type Grammar, type Span } from "./decoding";
import { engine, type Assets, type Engine } from "./engine";
import { BundleError } from "./errors";
import { readManifest, verify, type Manifest } from "./manifest";
import { softmax } from "./policy";
import { Tokenizer, type Tokens } from "./tokenizer";
import { readTokenizer, unpackVocabulary } from "./vocabulary";

/** One answered request. `latencyMs` runs from text in to label and slots out, tokenizer included; `slotLogits` are
 * [tokens, tags] row by row, null without a slot head. */
export interface Prediction {
  text: string;
  label: string;
  confidence: number;
  slots: Record<string, string[]>;
  spans: Span[];
  logits: Float32Array;
  slotLogits: Float32Array | null;
  ids: number[];
  latencyMs: number;
}

/** Gives a file of the bundle by its name: `bundle.json`, `model.onnx`, `vocabulary.zlib` or `tokenizer.json`. */
export type Source = (file: string) => Promise<ArrayBuffer>;

/** What loading took: the bundle's files and ONNX Runtime downloaded, then compiled and a session made. `bytes` counts
 * what was downloaded, `verified` says whether the files' SHA-256 could be compared. */
export interface Loaded {
  downloadMs: number;
  sessionMs: number;
  bytes: number;
  verified: boolean;
}

interface Parts {
  manifest: Manifest;
  tokenizer: Tokenizer;
  session: InferenceSession;
  ort: Engine;
  loaded: Loaded;
}

export class Bundle {
  readonly loaded: Loaded;
  readonly model: string;
  readonly labels: readonly string[];
  readonly tags: readonly string[];
  /** The manifest's own, by which Python names a bundle. */
  readonly sha256: string;
  readonly #tokenizer: Tokenizer;
  readonly #session: InferenceSession;
  readonly #ort: Engine;
  readonly #grammars: Grammar[];
  #turn: Promise<unknown> = Promise.resolve();

  private constructor({ manifest, tokenizer, session, ort, loaded }: Parts) {
    this.loaded = loaded;
    this.model = manifest.model;
    this.labels = manifest.labels;
    this.sha256 = manifest.manifest_sha256;
    this.#tokenizer = tokenizer;
    this.#session = session;
    this.#ort = ort;
    this.tags = tagNames(session.outputNames.length > 1 ? manifest.slot_names : []);
    const transitions = unpackTransitions(this.tags.length > 1 ? manifest.transitions : undefined, this.tags);
    if (transitions === undefined) {
      throw new BundleError(`bundle.json, transitions: expected those of ${this.tags.length} tags, found others`);
    }
    const slots = new Map(Object.entries(manifest.label_slots));
    this.#grammars = this.labels.map((label) => grammar(slots.get(label) ?? [], this.tags, transitions));
  }

  /** Download a bundle, verify it against its manifest where the browser can, and open it. */
  static async load(source: Source, assets: Assets): Promise<Bundle> {
    const start = performance.now();
    const started = engine(assets);
    started.catch(() => undefined); // awaited below, whatever fails before
    const written = await source("bundle.json");
    const manifest = readManifest(written);
    const name = "vocabulary.zlib" in manifest.sha256 ? "vocabulary.zlib" : "tokenizer.json";
    const [model, words, { ort, bytes }] = await Promise.all([source("model.onnx"), source(name), started]);
    const downloaded = performance.now();
    const verified = (await verify(manifest, "model.onnx", model)) && (await verify(manifest, name, words));
    const tokenizer = new Tokenizer(name === "vocabulary.zlib" ? await unpackVocabulary(words) : readTokenizer(words));
    const opening = performance.now();
    const session = await open(ort, model);
    const loaded = {
      downloadMs: downloaded - start,
      sessionMs: performance.now() - opening,
      bytes: bytes + written.byteLength + model.byteLength + words.byteLength,
      verified,
    };
    return new Bundle({ manifest, tokenizer, session, ort, loaded });
  }

  /** The tokens of a text, as the model is given them. */
  encode(text: string): Tokens {
    return this.#tokenizer.encode(text);
  }

  /** The label of a text, and the values of the slots that the label may carry. One request at a time: others wait. */
  predict(text: string): Promise<Prediction> {
    const answer = this.#turn.then(() => this.#predict(text));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #predict(text: string): Promise<Prediction> {
    const start = performance.now();
    const tokens = this.encode(text);
    const [logits, slotLogits] = await this.#run(tokens.ids);
    const best = largest(logits);
    const allowed = this.#grammars[best];
    const spans = slotLogits && allowed ? decode(slotLogits, allowed, tokens, this.tags) : [];
    const slots = slotValues(text, spans);
    const latencyMs = performance.now() - start;
    const confidence = softmax(logits)[best] ?? NaN;
    return {
      text,
      label: this.labels[best] ?? "",
      confidence,
      slots,
      spans,
      logits,
      slotLogits,
      ids: tokens.ids,
      latencyMs,
    };
  }

  async #run(ids: number[]): Promise<[Float32Array, Float32Array | null]> {
    const shape = [1, ids.length];
    const feed: Record<string, Tensor> = {
      ids: new this.#ort.Tensor("int64", BigInt64Array.from(ids, BigInt), shape),
    };
    if (this.#session.inputNames.includes("mask")) {
      feed.mask = new this.#ort.Tensor("int64", new BigInt64Array(ids.length).fill(1n), shape);
    }
    const answers = await this.#session.run(feed);
    const [logits, slotLogits] = this.#session.outputNames.map((name) => numbers(name, answers[name]));
    if (logits?.length !== this.labels.length) {
      throw new BundleError(`model.onnx: expected logits of ${this.labels.length} labels, found ${logits?.length ?? 0}`);
    }
    if (slotLogits && slotLogits.length !== ids.length * this.tags.length) {
      const expected = `${ids.length} x ${this.tags.length}`;
      throw new BundleError(`model.onnx: expected slot logits ${expected}, found ${slotLogits.length}`);
    }
    return [logits, slotLogits ?? null];
  }
}

async function open(ort: Engine, model: ArrayBuffer): Promise<InferenceSession> {
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  } catch (error) {
    throw new BundleError(`model.onnx: ONNX Runtime does not open it: ${String(error)}`);
  }
  if (!["ids", "ids mask"].includes(session.inputNames.join(" "))) {
    throw new BundleError(`model.onnx: expected the inputs ids, or ids and mask, found ${session.inputNames.join(", ")}`);
  }
  return session;
}

/** An answer's numbers, none of which decides by being none. */
function numbers(name: string, answer: Tensor | undefined): Float32Array {
  const data = answer?.data;
  if (!(data instanceof Float32Array)) throw new BundleError(`model.onnx: expected float logits in ${name}`);
  if (data.length > 0 && !Number.isFinite(data[largest(data)])) {
    throw new BundleError("model.onnx answers with no finite number");
  }
  return data;
}
