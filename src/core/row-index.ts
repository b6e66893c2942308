// Where the rows of a journal stand, found by their key. Lives as long as its journal and has a line for each of its rows, so
// it is kept in numbers outside JavaScript's heap: 42 to 84 bytes a row, where an object in a map takes some 190.
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

/** Keys are SHA-1 sums or short texts as a rule; others go by their sum, and their text is kept aside. */
const KEY_BYTES = 20;
const SUM = /^[0-9a-f]{40}$/;
/** Their bytes sort as the texts do, also with zeros behind them. */
const SHORT = /^[ -~]{1,20}$/;
const MOST_FILES = 255;

/** How a key is kept: as the bytes of a sum, as so many characters, or by its sum. */
const AS_SUM = 0;
const ASIDE = 255;

export function newRowIndex(): RowIndex {
  let size = 0;
  let keys = Buffer.alloc(64 * KEY_BYTES);
  let kinds = new Uint8Array(64);
  let offsets = new Float64Array(64);
  let lengths = new Uint32Array(64);
  let files = new Uint8Array(64);
  /** By the sum of the key: number of the row, plus one; 0 is free. At most half of them are taken. */
  let slots = new Uint32Array(128);
  const others = new Map<number, string>();
  const names: string[] = [];
  const counts = new Map<string, number>();

  const bytesAt = (row: number): Buffer => keys.subarray(row * KEY_BYTES, (row + 1) * KEY_BYTES);
  const keyAt = (row: number): string => {
    const kind = kinds[row] ?? AS_SUM;
    if (kind === ASIDE) return others.get(row) ?? "";
    return kind === AS_SUM
      ? bytesAt(row).toString("hex")
      : keys.toString("latin1", row * KEY_BYTES, row * KEY_BYTES + kind);
  };
  const nameAt = (row: number): string => names[files[row] ?? 0] ?? "";

  /** The slot that holds this key, or the free one where it would go. */
  const slotOf = ({ bytes, kind }: KeptKey): number => {
    let slot = spread(bytes) % slots.length;
    for (let taken = slots[slot]; taken; taken = slots[slot]) {
      if (kinds[taken - 1] === kind && bytesAt(taken - 1).equals(bytes)) break;
      slot = (slot + 1) % slots.length;
    }
    return slot;
  };
  const fillSlots = (count: number): void => {
    slots = new Uint32Array(count);
    for (let row = 0; row < size; row++)
      slots[slotOf({ bytes: bytesAt(row), kind: kinds[row] ?? AS_SUM })] = row + 1;
  };
  const grow = (): void => {
    const room = 2 * size;
    keys = Buffer.concat([keys], room * KEY_BYTES);
    kinds = widened(kinds, new Uint8Array(room));
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
    const isText = (kinds[a] ?? AS_SUM) !== AS_SUM;
    if (kinds[a] !== ASIDE && kinds[b] !== ASIDE && isText === (kinds[b] !== AS_SUM)) {
      const [first, second] = [a * KEY_BYTES, b * KEY_BYTES];
      return keys.compare(keys, second, second + KEY_BYTES, first, first + KEY_BYTES);
    }
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
      const kept = keptKey(key);
      kept.bytes.copy(keys, size * KEY_BYTES);
      kinds[size] = kept.kind;
      if (kept.kind === ASIDE) others.set(size, key);
      offsets[size] = offset;
      lengths[size] = length;
      files[size] = fileOf(file);
      counts.set(file, (counts.get(file) ?? 0) + 1);
      slots[slotOf(kept)] = ++size;
    },
    at(row) {
      const [offset, length] = [offsets[row], lengths[row]];
      if (row >= size || offset === undefined || length === undefined) return undefined;
      return { file: nameAt(row), key: keyAt(row), offset, length };
    },
    find(key) {
      const taken = slots[slotOf(keptKey(key))];
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

interface KeptKey {
  /** KEY_BYTES of them. */
  readonly bytes: Buffer;
  readonly kind: number;
}

function keptKey(key: string): KeptKey {
  if (SUM.test(key)) return { bytes: Buffer.from(key, "hex"), kind: AS_SUM };
  if (!SHORT.test(key)) return { bytes: createHash("sha1").update(key).digest(), kind: ASIDE };
  const bytes = Buffer.alloc(KEY_BYTES);
  for (let at = 0; at < key.length; at++) bytes[at] = key.charCodeAt(at);
  return { bytes, kind: key.length };
}

/** A number for a key, spread over 32 bits: the texts of neighbours are almost the same. FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv */
function spread(bytes: Buffer): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

function widened<Numbers extends Float64Array | Uint32Array | Uint8Array>(
  from: Numbers,
  to: Numbers,
): Numbers {
  to.set(from);
  return to;
}
