// A row: one sample on its way, and what it asks of the next run.
import { uniforms } from "../core/random.js";
import type { RowInput } from "./run.js";

/** One sample to draw. */
export interface DrawRequest {
  readonly key: string;
  /** At least one token. */
  readonly prompt: readonly number[];
  /** At least 1; with the prompt no more than the model's positions. */
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number | null;
  readonly seed: number;
  /** Makes what sees each drawn token in turn and says whether the row ends with it; made again where a row begins anew. */
  readonly watch?: () => (token: number) => boolean;
}

export interface Drawn {
  readonly key: string;
  /** Without a stop token. */
  readonly tokens: readonly number[];
  readonly ended: "stop" | "length";
}

export interface Row {
  readonly request: DrawRequest;
  readonly drawn: number[];
  /** The row's own stream of numbers in [0, 1). */
  readonly next: () => number;
  readonly ends: (token: number) => boolean;
  /** Its row of the cache, and how many of its tokens are there. */
  from: number;
  cached: number;
}

const NEVER = (): boolean => false;

export function newRow(request: DrawRequest): Row {
  const ends = request.watch?.() ?? NEVER;
  return { request, drawn: [], next: uniforms(request.seed, "draw"), ends, from: 0, cached: 0 };
}

/** All of the prompt but its last token, for a run that only fills the cache. */
export function prefixInput({ request: { prompt } }: Row, from: number): RowInput {
  const ids = prompt.slice(0, -1);
  return { ids, cached: 0, from, limit: 1, temperature: 0, topP: 1, topK: null, uniforms: [0] };
}

/** The row's newest token, to draw the next `steps` from. */
export function rowInput(row: Row, steps: number): RowInput {
  const { prompt, maxTokens, temperature, topP, topK } = row.request;
  return {
    ids: [row.drawn.at(-1) ?? prompt.at(-1) ?? 0],
    cached: row.cached,
    from: row.from,
    limit: maxTokens - row.drawn.length,
    temperature,
    topP,
    topK,
    uniforms: Array.from({ length: steps }, row.next),
  };
}

/** Adds drawn tokens to a row up to its end; says how it ended, or null where it goes on. */
export function take(
  row: Row,
  tokens: readonly number[],
  stopTokens: readonly number[],
): Drawn["ended"] | null {
  for (const token of tokens) {
    if (stopTokens.includes(token)) return "stop";
    row.drawn.push(token);
    if (row.ends(token)) return "stop";
    if (row.drawn.length === row.request.maxTokens) return "length";
  }
  return null;
}
