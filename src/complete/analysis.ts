// What a tokenizer makes of texts, in numbers: how often each token is there, the rare tail, how long files become, and what
// a model's loss per token is per byte. Pure functions of counts.

/** A token and how often it is there. */
export interface TokenCount {
  readonly token: string;
  readonly count: number;
}

/** The tokens that are there most often, of equal ones the lowest id first; `counts` is by id. */
export function frequentTokens(
  counts: Float64Array,
  tokenOf: (id: number) => string | null,
  limit = 20,
): readonly TokenCount[] {
  return Array.from(counts, (count, id) => ({ id, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.id - b.id)
    .slice(0, limit)
    .map(({ id, count }) => ({ token: tokenOf(id) ?? "", count }));
}

/** A token's place among the others, 1 for the most frequent, and how often it is there. */
export interface RankPoint {
  readonly rank: number;
  readonly count: number;
}

/** Points of a curve over ranks on a logarithmic axis, at most some `limit`: the first, the last, and evenly between them. */
export function rankCurve(counts: Float64Array, limit = 100): readonly RankPoint[] {
  const ranked = counts.filter((count) => count > 0).sort((a, b) => b - a);
  const step = Math.log(Math.max(1, ranked.length)) / Math.max(1, limit - 1);
  const ranks = Array.from({ length: limit }, (_, at) => Math.round(Math.exp(at * step)));
  return [...new Set(ranks)].flatMap((rank) => {
    const count = ranked[rank - 1];
    return count === undefined ? [] : [{ rank, count }];
  });
}

/** Tokens of the vocabulary that a model hardly sees. */
export interface RareTail {
  readonly below: number;
  /** Tokens that are there, but less often than that. */
  readonly rare: number;
  /** Tokens that are not there at all. */
  readonly unused: number;
  /** Share of the rare ones in all that is there, from 0 to 1. */
  readonly share: number;
}

/** What lies below a count; default 10. */
export function rareTail(counts: Float64Array, below = 10): RareTail {
  const tail = counts.filter((count) => count > 0 && count < below);
  const all = sumOf(counts);
  return {
    below,
    rare: tail.length,
    unused: counts.filter((count) => count === 0).length,
    share: all === 0 ? 0 : sumOf(tail) / all,
  };
}

/** A file in bytes of UTF-8 and in tokens. */
export interface FileLength {
  readonly bytes: number;
  readonly tokens: number;
}

export interface LengthStats {
  readonly files: number;
  readonly bytes: number;
  readonly tokens: number;
  /** Zero where there are no files. */
  readonly meanTokens: number;
  readonly medianTokens: number;
  /** Of all files together; zero where there is no token. */
  readonly bytesPerToken: number;
}

/** How long files are in tokens. */
export function lengthStats(files: readonly FileLength[]): LengthStats {
  const lengths = Float64Array.from(files, ({ tokens }) => tokens).sort();
  const tokens = sumOf(lengths);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const middle = [lengths[(lengths.length - 1) >> 1] ?? 0, lengths[lengths.length >> 1] ?? 0];
  return {
    files: files.length,
    bytes,
    tokens,
    meanTokens: files.length === 0 ? 0 : tokens / files.length,
    medianTokens: sumOf(Float64Array.from(middle)) / 2,
    bytesPerToken: tokens === 0 ? 0 : bytes / tokens,
  };
}

/** A model's mean loss per token, in nats, as bits for each byte of text: what models with other tokenizers can be compared by. */
export function bitsPerByte(loss: number, { tokens, bytes }: Pick<LengthStats, "tokens" | "bytes">): number {
  return (loss * tokens) / bytes / Math.LN2;
}

/** The sum of numbers. */
export function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
