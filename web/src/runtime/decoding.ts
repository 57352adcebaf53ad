// From slot logits to values, as edgelab/bundle/decoding.py and transitions.py do: the likeliest sequence of the tags that
// a label may carry (Viterbi), and the spans that it marks.
import { codePoints } from "./characters";
import type { Tokens } from "./tokenizer";

/** One slot value: `name`, and where it stands in the text in code points, as Python counts (an emoji is one or more of
 * them, JavaScript's own count of it larger); `end` is not in it. */
export interface Span {
  start: number;
  end: number;
  name: string;
}

/** What a label's tags may be: their indices, the score of each as the first of a text, and of each behind each other:
 * `follows[tag][before]`. */
export interface Grammar {
  allowed: number[];
  first: number[];
  follows: number[][];
}

const STEP = 1 / 20; // of the packed scores

/** BIO tags in a fixed order: `O`, then `B-` and `I-` of each slot. */
export function tagNames(slotNames: readonly string[]): string[] {
  return ["O", ...slotNames.flatMap((name) => [`B-${name}`, `I-${name}`])];
}

/** How well one tag follows another, [1 + tags][tags]; row 0 is the beginning of a text. Minus infinity where the rule
 * forbids it: `I-x` follows `B-x` and `I-x` only. Undefined if the text is not that of so many tags. */
export function unpackTransitions(text: string | undefined, tags: readonly string[]): number[][] | undefined {
  let packed = new Int8Array((1 + tags.length) * tags.length);
  if (text !== undefined) {
    try {
      packed = Int8Array.from(atob(text), (character) => character.charCodeAt(0));
    } catch {
      return undefined;
    }
  }
  if (packed.length !== (1 + tags.length) * tags.length) return undefined;
  return ["", ...tags].map((before, row) =>
    tags.map((tag, column) => {
      const isLegal = !tag.startsWith("I-") || before.slice(2) === tag.slice(2);
      return isLegal ? (packed[row * tags.length + column] ?? 0) * STEP : -Infinity;
    }),
  );
}

/** The grammar of a label that may carry these slots. */
export function grammar(slots: readonly string[], tags: readonly string[], transitions: number[][]): Grammar {
  const allowed = [...tags.keys()].filter((i) => tags[i] === "O" || slots.includes(tags[i]?.slice(2) ?? ""));
  const score = (row: number, tag: number): number => transitions[row]?.[tag] ?? -Infinity;
  return {
    allowed,
    first: allowed.map((tag) => score(0, tag)),
    follows: allowed.map((tag) => allowed.map((before) => score(1 + before, tag))),
  };
}

/** The sequence of tags with the largest sum of logits [words][tags] and of the scores of neighbours; of equal ones that
 * of the earlier tags. */
export function bestPath(logits: number[][], { first, follows }: Grammar): number[] {
  let soFar = first.map((score, tag) => score + at(logits[0], tag));
  const cameFrom: number[][] = [];
  for (const word of logits.slice(1)) {
    const paths = follows.map((scores) => scores.map((score, before) => score + at(soFar, before)));
    const best = paths.map(largest);
    cameFrom.push(best);
    soFar = paths.map((path, tag) => at(path, at(best, tag)) + at(word, tag));
  }
  const path = [largest(soFar)];
  for (const before of cameFrom.reverse()) path.push(at(before, at(path, path.length - 1)));
  return path.reverse();
}

/** Where the largest of some numbers stands, the first of equal ones; one that is no number counts as the largest. */
export function largest(numbers: ArrayLike<number>): number {
  let best = 0;
  for (let i = 0; i < numbers.length; i += 1) {
    if (Number.isNaN(numbers[i])) return i;
    if (at(numbers, i) > at(numbers, best)) best = i;
  }
  return best;
}

function at(numbers: ArrayLike<number> | undefined, i: number): number {
  return numbers?.[i] ?? NaN;
}

/** The values that slot logits [tokens, tags], row by row, mark: by the best path over the words' first tokens. */
export function decode(logits: Float32Array, grammar: Grammar, tokens: Tokens, tags: readonly string[]): Span[] {
  const positions = firstPieces(tokens.wordIds);
  if (grammar.allowed.length === 1 || positions.length === 0) return [];
  const rows = positions.map((token) => grammar.allowed.map((tag) => at(logits, token * tags.length + tag)));
  const ends = new Map(tokens.wordIds.map((word, i) => [word, tokens.offsets[i]?.[1] ?? 0]));
  const spans: Span[] = [];
  let open: string | null = null;
  for (const [i, choice] of bestPath(rows, grammar).entries()) {
    const tag = tags[at(grammar.allowed, choice)] ?? "O";
    const token = at(positions, i);
    const end = ends.get(tokens.wordIds[token] ?? null) ?? 0;
    const [kind, name] = [tag.slice(0, 1), tag.slice(2)];
    const last = spans.at(-1);
    if (kind === "I" && name === open && last) last.end = end;
    else if (kind !== "O") spans.push({ start: tokens.offsets[token]?.[0] ?? 0, end, name });
    open = kind === "O" ? null : name;
  }
  return spans;
}

/** Positions of the tokens that begin a word: the only ones that carry a tag. */
function firstPieces(wordIds: readonly (number | null)[]): number[] {
  return [...wordIds.keys()].filter((i) => wordIds[i] !== null && (i === 0 || wordIds[i] !== wordIds[i - 1]));
}

/** A call's arguments: slot name to its values, in the order they were said. */
export function slotValues(text: string, spans: readonly Span[]): Record<string, string[]> {
  const characters = codePoints(text);
  const values = new Map<string, string[]>();
  for (const { name, start, end } of spans) {
    values.set(name, [...(values.get(name) ?? []), characters.slice(start, end).join("")]);
  }
  return Object.fromEntries(values);
}
