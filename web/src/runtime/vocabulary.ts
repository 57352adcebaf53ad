// A bundle's tokenizer file: `vocabulary.zlib` (edgelab/bundle/vocabulary.py tells its format), or a `tokenizer.json` that
// says the same at length.
import { BundleError } from "./errors";
import type { Vocabulary } from "./tokenizer";

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const LONGEST_WORD = 100;
const LONGEST_TEXT = 128;
const LARGEST = 1_000_000; // bytes inflated

/** The vocabulary of a `vocabulary.zlib`. */
export async function unpackVocabulary(packed: ArrayBuffer): Promise<Vocabulary> {
  const text = await inflate(packed);
  if (text !== "" && text.charCodeAt(0) > 31) throw refused("a text that begins with no number of characters");
  const ids = new Map<string, number>();
  let before: string[] = [];
  // A control character says how much of the piece before is kept.
  for (const [, shared, rest] of text.matchAll(/([\0-\x1f])([^\0-\x1f]*)/g)) {
    before = [...before.slice(0, shared?.charCodeAt(0)), ...Array.from(rest ?? "")];
    const piece = before.join("");
    if (ids.has(piece)) throw refused("a piece that stands there twice");
    ids.set(piece, ids.size);
  }
  const missing = SPECIAL.filter((token) => !ids.has(token));
  if (missing.length > 0) throw refused(`no ${missing.join(", ")} in it`);
  return { ids, special: SPECIAL, unknown: "[UNK]", longestWord: LONGEST_WORD, longestText: LONGEST_TEXT };
}

async function inflate(packed: ArrayBuffer): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      size += part.value.length;
      if (size > LARGEST) {
        await reader.cancel();
        break;
      }
    }
  } catch {
    throw refused("something else than one whole zlib stream");
  }
  if (size > LARGEST) throw refused(`more than ${LARGEST} bytes in it`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await new Blob(parts as BlobPart[]).arrayBuffer());
  } catch {
    throw refused("bytes that are no UTF-8");
  }
}

function refused(found: string): BundleError {
  return new BundleError(`vocabulary.zlib: expected a packed vocabulary, found ${found}`);
}

interface TokenizerFile {
  model?: { type?: string; vocab?: Record<string, number>; unk_token?: string; continuing_subword_prefix?: string; max_input_chars_per_word?: number };
  normalizer?: Record<string, unknown> | null;
  pre_tokenizer?: { type?: string } | null;
  post_processor?: { type?: string; single?: { SpecialToken?: { id?: string } }[] } | null;
  truncation?: { direction?: string; max_length?: number } | null;
  padding?: unknown;
  added_tokens?: { content: string; id: number; [flag: string]: unknown }[];
}

/** The vocabulary of a `tokenizer.json` that is BERT's, lower-casing, as the library's own: no other is read here. */
export function readTokenizer(content: ArrayBuffer): Vocabulary {
  let file: TokenizerFile;
  try {
    file = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content)) as TokenizerFile;
  } catch {
    throw new BundleError("tokenizer.json: expected JSON, found something else");
  }
  const other = strange(file);
  if (other !== undefined) {
    throw new BundleError(
      `tokenizer.json: the browser reads BERT's tokenizer alone (WordPiece, lower-casing, no padding), found another ${other}`,
    );
  }
  const model = file.model ?? {};
  return {
    ids: new Map(Object.entries(model.vocab ?? {})),
    special: (file.added_tokens ?? []).map(({ content }) => content),
    unknown: model.unk_token ?? "[UNK]",
    longestWord: model.max_input_chars_per_word ?? LONGEST_WORD,
    longestText: file.truncation?.max_length ?? Number.MAX_SAFE_INTEGER,
  };
}

/** The first part of a tokenizer that is not as BERT's. */
function strange({ model, normalizer, ...file }: TokenizerFile): string | undefined {
  const vocab = model?.vocab ?? {};
  const around = file.post_processor?.single?.map((part) => part.SpecialToken?.id ?? "").join(" ");
  const plainly = ["single_word", "lstrip", "rstrip", "normalized"];
  const fits: Record<string, boolean> = {
    model: model?.type === "WordPiece" && model.continuing_subword_prefix === "##",
    vocabulary: ["[CLS]", "[SEP]", model?.unk_token ?? ""].every((token) => Object.hasOwn(vocab, token)),
    normalizer:
      normalizer?.type === "BertNormalizer" &&
      ["clean_text", "handle_chinese_chars", "lowercase"].every((step) => normalizer[step] === true) &&
      normalizer.strip_accents !== false,
    pre_tokenizer: file.pre_tokenizer?.type === "BertPreTokenizer",
    post_processor: file.post_processor?.type === "TemplateProcessing" && around === "[CLS]  [SEP]",
    truncation: (file.truncation?.direction ?? "Right") === "Right",
    padding: (file.padding ?? null) === null,
    "kind of added token": (file.added_tokens ?? []).every(
      (token) => vocab[token.content] === token.id && plainly.every((flag) => token[flag] !== true),
    ),
  };
  return Object.keys(fits).find((part) => !fits[part]);
}
