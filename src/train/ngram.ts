// The yardstick for a trained model: what counting alone foretells of the same tokens. Interpolated Kneser-Ney with three
// discounts an order, the best of the smoothings that Chen and Goodman compare (1998, TR-10-98, section 3).
import { InputError } from "../core/errors.js";

/** Tokens of a text; the first one is given, not foretold, and stands for everything before it. */
export type Tokens = ArrayLike<number>;

export interface Ngrams {
  /** Probability of a token behind some others, of which the last `order - 1` count. */
  probability(context: Tokens, token: number): number;
  /** What it takes to write a text's tokens down, all but the first, in bits. */
  bits(text: Tokens): number;
}

export interface NgramOptions {
  /** Number of different tokens. */
  readonly vocabulary: number;
  /** Tokens that are looked at together, the foretold one included; default 5. */
  readonly order?: number;
}

/** Counts of what stands behind contexts of one length. */
interface Table {
  /** Context by its number, and number by context. */
  readonly contexts: number[];
  readonly numbers: Map<number, number>;
  /** By context number times vocabulary, plus token. */
  readonly counts: Map<number, number>;
}

/** A table with what is left of its counts. */
interface Smoothed extends Table {
  /** Taken off counts of one, two, and more; none off zero. */
  readonly discounts: readonly [number, number, number, number];
  /** By context number: the sum of the counts, and what was taken off them. */
  readonly sums: Float64Array;
  readonly taken: Float64Array;
}

/**
 * Counts texts. Contexts are numbers below 2^53, which bounds vocabulary to the power of (order - 1).
 * @throws InputError for an order or a vocabulary that goes beyond.
 */
export function countNgrams(texts: Iterable<Tokens>, { vocabulary, order = 5 }: NgramOptions): Ngrams {
  if (!(order >= 1) || vocabulary ** (order - 1) > Number.MAX_SAFE_INTEGER)
    throw new InputError(`${order}-grams of ${vocabulary} tokens can't be counted: take a lower order`);
  let table = counted(texts, vocabulary, order - 1);
  const tables = [smoothed(table, vocabulary)];
  for (let length = order - 2; length >= 0; length--) {
    table = continued(table, vocabulary, length);
    tables.unshift(smoothed(table, vocabulary));
  }
  const foretold = (context: number, token: number): number => {
    let probability = 1 / vocabulary;
    for (const [length, { numbers, counts, discounts, sums, taken }] of tables.entries()) {
      const number = numbers.get(context % vocabulary ** length);
      if (number === undefined) break;
      const count = counts.get(number * vocabulary + token) ?? 0;
      const left = count - discounts[Math.min(count, 3) as 0 | 1 | 2 | 3];
      probability = (left + (taken[number] ?? 0) * probability) / (sums[number] ?? 1);
    }
    return probability;
  };
  return {
    probability: (context, token) =>
      foretold(
        Array.from(context).reduce((all, one) => moved(all, one, vocabulary, order - 1), 0),
        token,
      ),
    bits(text) {
      let bits = 0;
      for (const [context, token] of places(text, vocabulary, order - 1))
        bits -= Math.log2(foretold(context, token));
      return bits;
    },
  };
}

/** Every foretold token of a text with the `length` tokens before it; its first token repeats where there are fewer. */
function* places(text: Tokens, vocabulary: number, length: number): Generator<readonly [number, number]> {
  let context = 0;
  for (let at = 0; at < length; at++) context = moved(context, text[0] ?? 0, vocabulary, length);
  for (let at = 1; at < text.length; at++) {
    const token = text[at] ?? 0;
    yield [context, token];
    context = moved(context, token, vocabulary, length);
  }
}

/** A context of `length` tokens with one more at its end and its first one gone; no number on the way is beyond 2^53. */
function moved(context: number, token: number, vocabulary: number, length: number): number {
  return length === 0 ? 0 : (context % vocabulary ** (length - 1)) * vocabulary + token;
}

function emptyTable(): Table {
  return { contexts: [], numbers: new Map(), counts: new Map() };
}

function add({ contexts, numbers, counts }: Table, vocabulary: number, context: number, token: number): void {
  let number = numbers.get(context);
  if (number === undefined) {
    number = contexts.push(context) - 1;
    numbers.set(context, number);
  }
  const key = number * vocabulary + token;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function counted(texts: Iterable<Tokens>, vocabulary: number, length: number): Table {
  const table = emptyTable();
  for (const text of texts)
    for (const [context, token] of places(text, vocabulary, length)) add(table, vocabulary, context, token);
  return table;
}

/** Counts of a shorter context: in how many longer ones a token follows it. */
function continued(longer: Table, vocabulary: number, length: number): Table {
  const table = emptyTable();
  const wide = vocabulary ** length;
  for (const key of longer.counts.keys()) {
    const context = longer.contexts[Math.floor(key / vocabulary)] ?? 0;
    add(table, vocabulary, context % wide, key % vocabulary);
  }
  return table;
}

function smoothed(table: Table, vocabulary: number): Smoothed {
  const ofCounts = [0, 0, 0, 0, 0];
  for (const count of table.counts.values()) if (count <= 4) ofCounts[count] = (ofCounts[count] ?? 0) + 1;
  const [, one = 0, two = 0, three = 0, four = 0] = ofCounts;
  const share = one / (one + 2 * two || 1);
  /** Where counts are too few to tell, half of the least that there is. */
  const discount = (count: number, here: number, next: number): number => {
    const found = here === 0 ? NaN : count - (count + 1) * share * (next / here);
    return found > 0 && found < count ? found : 0.5;
  };
  const discounts = [0, discount(1, one, two), discount(2, two, three), discount(3, three, four)] as const;
  const sums = new Float64Array(table.contexts.length);
  const taken = new Float64Array(table.contexts.length);
  for (const [key, count] of table.counts) {
    const number = Math.floor(key / vocabulary);
    sums[number] = (sums[number] ?? 0) + count;
    taken[number] = (taken[number] ?? 0) + discounts[Math.min(count, 3) as 1 | 2 | 3];
  }
  return { ...table, discounts, sums, taken };
}
