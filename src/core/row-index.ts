// Where the rows of a journal stand, found by their key. Lives as long as its journal and has a line for each of its rows, so
// it is kept in numbers outside JavaScript's heap: about 45 bytes a row, where an object in a map takes some 190.
import { createHash } from "node:crypto";

/** Where a row stands in the journal. */
export interface Place {
  readonly file: string;
  readonly key: string;
  readonly offset: number;
  readonly length: number;
}

export interface RowIndex {
  /** Rows so far. */
  readonly size: number;
  /** Rows of each published file. */
  readonly counts: ReadonlyMap<string, number>;
  add(place: Place): void;
  at(row: number): Place | undefined;
  /** The latest row with this key, or undefined. */
  find(key: string): Place | undefined;
  /** The last row of this file, or -1. */
  lastOf(file: string): number;
  /** Numbers of the rows of a file, as they came or sorted by key. */
  rowsOf(file: string, order: "key" | "appended"): Uint32Array;
  /** Forgets the rows from this number on. */
  cut(size: number): void;
}

/** Keys are SHA-1 sums as a rule; others go by their sum, and their text is kept aside. */
const KEY_BYTES = 20;
const SUM = /^[0-9a-f]{40}$/;
const MOST_FILES = 255;

export function newRowIndex(): RowIndex {
  let size = 0;
  let keys = Buffer.alloc(64 * KEY_BYTES);
  let offsets = new Float64Array(64);
  let lengths = new Uint32Array(64);
  let files = new Uint8Array(64);
  /** By the sum of the key: number of the row, plus one; 0 is free. At most half of them are taken. */
  let slots = new Uint32Array(128);
  const others = new Map<number, string>();
  const names: string[] = [];
  const counts = new Map<string, number>();

  const sumAt = (row: number): Buffer => keys.subarray(row * KEY_BYTES, (row + 1) * KEY_BYTES);
  const keyAt = (row: number): string => others.get(row) ?? sumAt(row).toString("hex");
  const nameAt = (row: number): string => names[files[row] ?? 0] ?? "";

  /** The slot that holds this key, or the free one where it would go. */
  const slotOf = (sum: Buffer): number => {
    let slot = sum.readUInt32LE() % slots.length;
    for (let taken = slots[slot]; taken; taken = slots[slot]) {
      if (sumAt(taken - 1).equals(sum)) break;
      slot = (slot + 1) % slots.length;
    }
    return slot;
  };
  const fillSlots = (count: number): void => {
    slots = new Uint32Array(count);
    for (let row = 0; row < size; row++) slots[slotOf(sumAt(row))] = row + 1;
  };
  const grow = (): void => {
    const room = 2 * size;
    keys = Buffer.concat([keys], room * KEY_BYTES);
    offsets = widened(offsets, new Float64Array(room));
    lengths = widened(lengths, new Uint32Array(room));
    files = widened(files, new Uint8Array(room));
    fillSlots(2 * room);
  };
  const fileOf = (name: string): number => {
    const known = names.indexOf(name);
    if (known >= 0) return known;
    if (names.length === MOST_FILES)
      throw new Error(`internal: a journal has rows of more than ${MOST_FILES} files`);
    return names.push(name) - 1;
  };
  const byKey = (a: number, b: number): number => {
    if (!others.has(a) && !others.has(b)) return sumAt(a).compare(sumAt(b));
    const [first, second] = [keyAt(a), keyAt(b)];
    return first < second ? -1 : first > second ? 1 : 0;
  };

  return {
    get size() {
      return size;
    },
    counts,
    add({ file, key, offset, length }) {
      if (size === offsets.length) grow();
      const sum = sumOf(key);
      sum.copy(keys, size * KEY_BYTES);
      if (!SUM.test(key)) others.set(size, key);
      offsets[size] = offset;
      lengths[size] = length;
      files[size] = fileOf(file);
      counts.set(file, (counts.get(file) ?? 0) + 1);
      slots[slotOf(sum)] = ++size;
    },
    at(row) {
      const [offset, length] = [offsets[row], lengths[row]];
      if (row >= size || offset === undefined || length === undefined) return undefined;
      return { file: nameAt(row), key: keyAt(row), offset, length };
    },
    find(key) {
      const taken = slots[slotOf(sumOf(key))];
      return taken ? this.at(taken - 1) : undefined;
    },
    lastOf: (file) => files.subarray(0, size).lastIndexOf(names.indexOf(file)),
    rowsOf(file, order) {
      const wanted = names.indexOf(file);
      const rows = new Uint32Array(counts.get(file) ?? 0);
      let taken = 0;
      for (let row = 0; row < size; row++) if (files[row] === wanted) rows[taken++] = row;
      return order === "key" ? rows.sort(byKey) : rows;
    },
    cut(to) {
      for (let row = to; row < size; row++) {
        others.delete(row);
        counts.set(nameAt(row), (counts.get(nameAt(row)) ?? 1) - 1);
      }
      size = Math.min(size, to);
      fillSlots(slots.length);
    },
  };
}

function sumOf(key: string): Buffer {
  return SUM.test(key) ? Buffer.from(key, "hex") : createHash("sha1").update(key).digest();
}

function widened<Numbers extends Float64Array | Uint32Array | Uint8Array>(
  from: Numbers,
  to: Numbers,
): Numbers {
  to.set(from);
  return to;
}
