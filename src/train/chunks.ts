// Files of tokens cut into pieces of one length, as the Hugging Face course cuts them (chapter 7.6: return_overflowing_tokens,
// then only pieces of full length): each file for itself, piece after piece, its short end dropped; or, for models that should
// know how files end, with a last piece that reaches back. And the two sides, training and validation, of which a file or a
// repository is wholly on one, since its pieces resemble one another. Pure functions.
import { shuffled, uniforms } from "../core/random.js";
import type { TokenDocument } from "./tokens.js";

/** Where the pieces of some files begin in the store. */
export interface Chunks {
  readonly starts: Float64Array;
  readonly stats: ChunkStats;
}

export interface ChunkStats {
  readonly documents: number;
  readonly chunks: number;
  /** Tokens in pieces, and tokens of short ends, or of short files, that are in none. */
  readonly tokens: number;
  readonly dropped: number;
}

/** What is wholly on one side. */
export type SplitUnit = "repository" | "file";

export interface SplitStats {
  readonly unit: SplitUnit;
  /** Repositories or files on each side. */
  readonly groups: { readonly train: number; readonly valid: number };
}

export interface Split {
  readonly train: Chunks;
  readonly valid: Chunks;
  readonly stats: SplitStats;
}

export interface SplitOptions {
  /** Tokens of a piece; the course takes 128. */
  readonly context: number;
  /** Share of the pieces that is kept for validation, at most; default 0.01. */
  readonly share?: number;
  /** Draws what goes there; default 0. */
  readonly seed?: number;
  /** A file's last piece reaches back to full length instead of being dropped; default false. */
  readonly reachBack?: boolean;
}

/** A file and where its ids begin. */
interface Placed {
  readonly document: TokenDocument;
  readonly start: number;
}

/**
 * Cuts files that lie one behind the other, and splits them. Validation gets repositories in a drawn order, each that still fits
 * into its share; where none fits, files instead, and where no file fits either, nothing.
 */
export function splitChunks(documents: readonly TokenDocument[], options: SplitOptions): Split {
  let start = 0;
  const placed = documents.map((document) => ({
    document,
    start: (start += document.tokens) - document.tokens,
  }));
  const byRepository = splitBy("repository", placed, options);
  return byRepository.stats.groups.valid > 0 ? byRepository : splitBy("file", placed, options);
}

function splitBy(
  unit: SplitUnit,
  placed: readonly Placed[],
  { context, share = 0.01, seed = 0, reachBack = false }: SplitOptions,
): Split {
  const piecesOf = (one: Placed): number => piecesIn(one, context, reachBack);
  const groupOf = ({ document }: Placed): string =>
    unit === "file" ? `${document.repository}\n${document.path}` : document.repository;
  const sizes = new Map<string, number>();
  for (const one of placed) sizes.set(groupOf(one), (sizes.get(groupOf(one)) ?? 0) + piecesOf(one));
  let room = share * placed.reduce((sum, one) => sum + piecesOf(one), 0);
  const valid = new Set<string>();
  for (const group of shuffled([...sizes.keys()].sort(), uniforms(seed, `split:${unit}`))) {
    const size = sizes.get(group) ?? 0;
    if (size === 0 || size > room) continue;
    room -= size;
    valid.add(group);
  }
  const cutOn = (side: boolean): Chunks =>
    cut(
      placed.filter((one) => valid.has(groupOf(one)) === side),
      context,
      piecesOf,
    );
  const groups = { train: sizes.size - valid.size, valid: valid.size };
  return { train: cutOn(false), valid: cutOn(true), stats: { unit, groups } };
}

function piecesIn({ document }: Placed, context: number, reachBack: boolean): number {
  const full = Math.floor(document.tokens / context);
  return reachBack && full > 0 ? Math.ceil(document.tokens / context) : full;
}

function cut(placed: readonly Placed[], context: number, piecesOf: (one: Placed) => number): Chunks {
  const chunks = placed.reduce((sum, one) => sum + piecesOf(one), 0);
  const starts = new Float64Array(chunks);
  let [chunk, covered, all] = [0, 0, 0];
  for (const one of placed) {
    const { tokens } = one.document;
    for (let piece = 0; piece < piecesOf(one); piece++)
      starts[chunk++] = one.start + Math.min(piece * context, tokens - context);
    covered += Math.min(piecesOf(one) * context, tokens);
    all += tokens;
  }
  return { starts, stats: { documents: placed.length, chunks, tokens: covered, dropped: all - covered } };
}
