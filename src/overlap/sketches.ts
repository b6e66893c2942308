// Sketches by the million, found again by their bands: typed arrays only. A text costs one byte per permutation and one
// slot of four bytes per band; a slot holds a text's number and eight bits of the band's hash, the rest of the key is
// read from the sketch itself. Open addressing with linear probing; tables grow when four fifths are full, small ones to
// double their size, large ones by half, so that a slot in use costs 5 to 10 bytes, of a million texts 5 to 7.5.
import { InputError } from "../core/errors.js";
import type { Banding } from "./bands.js";
import { scrambled } from "./shingles.js";
import { similarityOf } from "./minhash.js";

/** Texts that one index holds: their numbers take 24 bits. */
const MAX_TEXTS = 2 ** 24 - 1;
const FIRST_SLOTS = 64;
/** From so many slots on a table grows by half. */
const LARGE = 2 ** 20;
/** Sketches lie in pieces of so many, so that growing copies nothing. */
const PIECE = 4_096;

export interface Sketches {
  /** Texts stored. */
  readonly size: () => number;
  /** Stores a sketch and gives its number, from 0; no band knows it yet. */
  readonly store: (sketch: Uint8Array) => number;
  /** Makes a stored text findable by one band. */
  readonly insert: (band: number, text: number) => void;
  /** Calls `found` with each text inserted under this band whose rows of it are the sketch's. */
  readonly search: (band: number, sketch: Uint8Array, found: (text: number) => void) => void;
  /** Estimated similarity, 0..1, of a sketch and a stored text. */
  readonly similarity: (sketch: Uint8Array, text: number) => number;
  /** The sketch of a stored text. */
  readonly sketchOf: (text: number) => Uint8Array;
}

interface Table {
  slots: Uint32Array;
  used: number;
}

/** An empty index of sketches of so many bytes. */
export function openSketches({ bands, rows }: Banding, permutations: number): Sketches {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const tables = Array.from({ length: bands }, (): Table => ({
    slots: new Uint32Array(FIRST_SLOTS),
    used: 0,
  }));

  const pieceOf = (text: number): Uint8Array => {
    const piece = pieces[Math.floor(text / PIECE)];
    if (piece === undefined) throw new Error(`internal: no text ${text} in an index of ${size}`);
    return piece;
  };
  const tableOf = (band: number): Table => {
    const table = tables[band];
    if (table === undefined) throw new Error(`internal: no band ${band} of ${bands}`);
    return table;
  };
  const offsetOf = (text: number): number => (text % PIECE) * permutations;
  const put = (slots: Uint32Array, band: number, text: number): void => {
    const hash = bandHash(pieceOf(text), offsetOf(text) + band * rows, rows);
    let at = slotOf(hash, slots.length);
    while (slots[at] !== 0) at = at + 1 === slots.length ? 0 : at + 1;
    slots[at] = ((hash & 255) << 24) | (text + 1);
  };

  return {
    size: () => size,
    store(sketch) {
      if (size === MAX_TEXTS)
        throw new InputError(
          `near-duplicates: one index holds ${MAX_TEXTS} texts; split the corpus into shards`,
        );
      if (size % PIECE === 0) pieces.push(new Uint8Array(PIECE * permutations));
      pieceOf(size).set(sketch, offsetOf(size));
      return size++;
    },
    insert(band, text) {
      const table = tableOf(band);
      if ((table.used + 1) * 5 > table.slots.length * 4) {
        const grown = new Uint32Array(table.slots.length * (table.slots.length < LARGE ? 2 : 1.5));
        for (const slot of table.slots) if (slot !== 0) put(grown, band, (slot & MAX_TEXTS) - 1);
        table.slots = grown;
      }
      put(table.slots, band, text);
      table.used++;
    },
    search(band, sketch, found) {
      const { slots } = tableOf(band);
      const start = band * rows;
      const hash = bandHash(sketch, start, rows);
      const tag = hash & 255;
      for (let at = slotOf(hash, slots.length); ; at = at + 1 === slots.length ? 0 : at + 1) {
        const slot = slots[at] ?? 0;
        if (slot === 0) return;
        if (slot >>> 24 !== tag) continue;
        const text = (slot & MAX_TEXTS) - 1;
        const equal = equalBytes(sketch, start, pieceOf(text), offsetOf(text) + start, rows);
        if (equal === rows) found(text);
      }
    },
    similarity: (sketch, text) =>
      similarityOf(equalBytes(sketch, 0, pieceOf(text), offsetOf(text), permutations), permutations),
    sketchOf: (text) => pieceOf(text).subarray(offsetOf(text), offsetOf(text) + permutations),
  };
}

function bandHash(bytes: Uint8Array, start: number, rows: number): number {
  let hash = 0;
  for (let at = start; at < start + rows; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x9e3779b1) + 1;
  return scrambled(hash);
}

/** The high bits decide the slot, the low ones are the tag. */
function slotOf(hash: number, slots: number): number {
  return Math.floor((hash / 2 ** 32) * slots);
}

function equalBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, count: number): number {
  let equal = 0;
  for (let at = 0; at < count; at++) if (a[aStart + at] === b[bStart + at]) equal++;
  return equal;
}
