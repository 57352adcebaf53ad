// BERT's tokenizer: words, cut into the longest pieces of a vocabulary, with their places in the text.
import { codePoints, isBlank, isPunctuation, normalize, type Character } from "./characters";

export type Offsets = readonly [start: number, end: number];

/** Of each token its id, the number of its word (null for those around the text), and where it stands in the text, in
 * code points. */
export interface Tokens {
  ids: number[];
  wordIds: (number | null)[];
  offsets: Offsets[];
}

/** What differs between BERT's tokenizers. `special` are those that a text may spell out; lengths in characters of a
 * word and in tokens of a text. */
export interface Vocabulary {
  ids: ReadonlyMap<string, number>;
  special: readonly string[];
  unknown: string;
  longestWord: number;
  longestText: number;
}

export class Tokenizer {
  readonly #vocabulary: Vocabulary;
  readonly #special: RegExp;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    const longestFirst = [...vocabulary.special].sort((a, b) => b.length - a.length);
    const spelt = longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    this.#special = new RegExp(`(${spelt.join("|") || "(?!)"})`, "u");
  }

  /** The tokens of a text: [CLS], what it is made of, as far as the model reads, [SEP]. */
  encode(text: string): Tokens {
    const tokens: Tokens = { ids: [], wordIds: [], offsets: [] };
    let word = 0;
    let offset = 0;
    for (const [i, part] of text.split(this.#special).entries()) {
      const characters = codePoints(part);
      if (i % 2 === 1) {
        add(tokens, this.#id(part), word, [offset, offset + characters.length]);
        word += 1;
      } else {
        for (const found of words(normalize(characters, offset))) {
          this.#cut(found, word, tokens);
          word += 1;
        }
      }
      offset += characters.length;
    }
    const kept = Math.max(this.#vocabulary.longestText - 2, 0);
    return {
      ids: [this.#id("[CLS]"), ...tokens.ids.slice(0, kept), this.#id("[SEP]")],
      wordIds: [null, ...tokens.wordIds.slice(0, kept), null],
      offsets: [[0, 0], ...tokens.offsets.slice(0, kept), [0, 0]],
    };
  }

  #id(piece: string): number {
    const id = this.#vocabulary.ids.get(piece);
    if (id === undefined) throw new Error(`the vocabulary has no ${piece}`);
    return id;
  }

  /** Add a word's pieces, each the longest of the vocabulary from where the one before ends; or, if there is none
   * somewhere, the whole word as unknown. */
  #cut(word: Character[], number: number, tokens: Tokens): void {
    const pieces: [id: number, start: number, end: number][] = [];
    for (let start = 0; start < word.length; start = pieces.at(-1)?.[2] ?? word.length) {
      const found = word.length > this.#vocabulary.longestWord ? undefined : this.#longest(word, start);
      if (found === undefined) {
        add(tokens, this.#id(this.#vocabulary.unknown), number, place(word, 0, word.length));
        return;
      }
      pieces.push(found);
    }
    for (const [id, start, end] of pieces) add(tokens, id, number, place(word, start, end));
  }

  #longest(word: Character[], start: number): [id: number, start: number, end: number] | undefined {
    let rest = (start > 0 ? "##" : "") + word.slice(start).map(({ text }) => text).join("");
    for (let end = word.length; end > start; end -= 1) {
      const id = this.#vocabulary.ids.get(rest);
      if (id !== undefined) return [id, start, end];
      rest = rest.slice(0, -(word[end - 1]?.text.length ?? 1));
    }
    return undefined;
  }
}

function add(tokens: Tokens, id: number, word: number, offsets: Offsets): void {
  tokens.ids.push(id);
  tokens.wordIds.push(word);
  tokens.offsets.push(offsets);
}

function place(word: Character[], start: number, end: number): Offsets {
  return [word[start]?.start ?? 0, word[end - 1]?.end ?? 0];
}

/** The words of normalized characters: parted at white space, each punctuation mark one of its own. */
export function words(characters: Character[]): Character[][] {
  const found: Character[][] = [];
  let open: Character[] | null = null;
  for (const character of characters) {
    if (isBlank(character.text)) {
      open = null;
    } else if (isPunctuation(character.text)) {
      found.push([character]);
      open = null;
    } else if (open === null) {
      open = [character];
      found.push(open);
    } else {
      open.push(character);
    }
  }
  return found;
}
