// Kinds of characters, and what BERT's normalizer makes of each; everything counts code points, as Python does.
import { ACCENTS, BLANKS, DROPPED, IDEOGRAPHS, PUNCTUATION, SORTED } from "./unicode";

/** A character of the normalized text, and the part of the original, in code points, that it stands for. */
export interface Character {
  text: string;
  start: number;
  end: number;
}

/** Where ranges begin and where they end, in turn, so that a code point is in one if it has passed an odd number. */
function bounds(packed: string): number[] {
  let at = 0;
  return packed.split(" ").map((step) => (at += Number.parseInt(step, 36)));
}

function isIn(table: number[], character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  let low = 0;
  let high = table.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((table[middle] ?? 0) <= code) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1;
}

const dropped = bounds(DROPPED);
const blanks = bounds(BLANKS);
const accents = bounds(ACCENTS);
const sorted = bounds(SORTED);
const punctuation = bounds(PUNCTUATION);
const ideographs = bounds(IDEOGRAPHS);

export const isBlank = (character: string): boolean => isIn(blanks, character);
export const isPunctuation = (character: string): boolean => isIn(punctuation, character);

/** The code points of a text; half a surrogate pair, which Python cannot be asked about, is U+FFFD. */
export function codePoints(text: string): string[] {
  return Array.from(text, (character) => (/^[\ud800-\udfff]$/.test(character) ? "\ufffd" : character));
}

/** BERT's normalizer on code points of which the first stands at `offset`: control characters dropped, white space made
 * spaces, ideographs put between spaces, letters decomposed (NFD), accents dropped, all lower-cased. */
export function normalize(characters: readonly string[], offset: number): Character[] {
  const cleaned: Character[] = [];
  for (const [i, text] of characters.entries()) {
    const [start, end] = [offset + i, offset + i + 1];
    if (isIn(dropped, text)) continue;
    if (isBlank(text)) cleaned.push({ text: " ", start, end });
    else if (!isIn(ideographs, text)) cleaned.push({ text, start, end });
    else cleaned.push({ text: " ", start, end }, { text, start, end }, { text: " ", start, end });
  }
  return decomposed(cleaned)
    .filter(({ text }) => !isIn(accents, text))
    .flatMap(({ text, start, end }) => Array.from(text.toLowerCase(), (lower) => ({ text: lower, start, end })));
}

/** NFD. Marks that Unicode sorts take places in their new order, as in the library: of those that a character was
 * decomposed into, each shares the place of what stands before it. */
function decomposed(characters: Character[]): Character[] {
  const parts = characters.map(({ text }) => Array.from(text.normalize("NFD")));
  const waiting = parts.flatMap((part) => part.map((text, i) => ({ text, isFirst: i === 0, used: false })));
  let done = 0; // of `waiting`, all before it are used
  let place = 0; // in `characters`
  return inOrder(parts.flat()).map((text) => {
    let at = done;
    while (waiting[at]?.used || waiting[at]?.text !== text) at += 1;
    const found = waiting[at];
    if (found === undefined) throw new Error("NFD is not made of the characters' own");
    found.used = true;
    while (waiting[done]?.used) done += 1;
    if (found.isFirst) place += 1;
    const { start, end } = characters[Math.max(place - 1, 0)] ?? { start: 0, end: 0 };
    return { text, start, end };
  });
}

/** Decomposed characters with their marks in Unicode's order; a mark that the library does not know yet stays in place,
 * and lets none pass. */
function inOrder(characters: string[]): string[] {
  const found: string[] = [];
  let run = "";
  for (const character of [...characters, ""]) {
    if (character !== "" && !isUnknownMark(character)) {
      run += character;
      continue;
    }
    found.push(...Array.from(run.normalize("NFD")), ...Array.from(character));
    run = "";
  }
  return found;
}

function isUnknownMark(character: string): boolean {
  return /\p{M}/u.test(character) && !isIn(accents, character) && !isIn(sorted, character);
}
