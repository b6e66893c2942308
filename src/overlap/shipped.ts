// The prints of benchmarks as one compact file, data/benchmarks.bin: hashes only, none of the problems' text, so that
// the default run finds copies without a network. Made by scripts/build-benchmarks.mjs from the original files.
// Layout: length of the head (uint32, little-endian), the head in JSON, zeros to a multiple of four, the hashes (uint32).
import { readFile } from "node:fs/promises";
import type { BenchmarkItem } from "./benchmarks.js";
import { PRINT_KINDS, printsOf, WIDTHS, type Prints } from "./ngrams.js";

/** A problem as it is searched for. */
export interface Printed {
  readonly benchmark: string;
  readonly item: string;
  readonly prints: Prints;
}

/** Benchmarks in the shipped file. */
export const SHIPPED_BENCHMARKS = ["HumanEval", "MBPP"] as const;

interface Head {
  readonly widths: typeof WIDTHS;
  /** Benchmark, problem, and how many hashes of each kind follow. */
  readonly items: readonly (readonly [string, string, number, number, number])[];
}

/** Prints of a problem. */
export function printedOf({ benchmark, item, ...described }: BenchmarkItem): Printed {
  return { benchmark, item, prints: printsOf(described) };
}

/** The file's bytes; problems of one name with equal prints are written once. */
export function packPrints(printed: readonly Printed[]): Uint8Array {
  const hashes: number[] = [];
  const items: [string, string, number, number, number][] = [];
  const seen = new Set<string>();
  for (const { benchmark, item, prints } of printed) {
    const own = PRINT_KINDS.flatMap((kind) => [...prints[kind]].sort((a, b) => a - b));
    const name = JSON.stringify([benchmark, item, own]);
    if (seen.has(name)) continue;
    seen.add(name);
    items.push([benchmark, item, prints.code.size, prints.open.size, prints.words.size]);
    for (const hash of own) hashes.push(hash);
  }
  const head = Buffer.from(JSON.stringify({ widths: WIDTHS, items }), "utf8");
  const start = hashesStart(head.length);
  const bytes = Buffer.alloc(start + 4 * hashes.length);
  bytes.writeUInt32LE(head.length, 0);
  bytes.set(head, 4);
  hashes.forEach((hash, at) => bytes.writeUInt32LE(hash, start + 4 * at));
  return bytes;
}

/** Problems from the file's bytes. */
export function unpackPrints(bytes: Uint8Array): Printed[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = buffer.readUInt32LE(0);
  const { widths, items } = JSON.parse(buffer.toString("utf8", 4, 4 + length)) as Head; // our own file
  if (PRINT_KINDS.some((kind) => widths[kind] !== WIDTHS[kind]))
    throw new Error("internal: data/benchmarks.bin has other widths; run scripts/build-benchmarks.mjs");
  let at = hashesStart(length);
  const take = (count: number): Set<number> =>
    new Set(Array.from({ length: count }, () => buffer.readUInt32LE((at += 4) - 4)));
  return items.map(([benchmark, item, code, open, words]) => ({
    benchmark,
    item,
    prints: { code: take(code), open: take(open), words: take(words) },
  }));
}

function hashesStart(head: number): number {
  return Math.ceil((4 + head) / 4) * 4;
}

/** The problems that come with this package. */
export async function shippedPrints(): Promise<Printed[]> {
  return unpackPrints(await readFile(new URL("../../data/benchmarks.bin", import.meta.url)));
}
