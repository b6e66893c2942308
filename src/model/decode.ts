// Draws tokens for many prompts at once: prompts in, drawn tokens out as rows end. Rows come and go between runs of the graph,
// equal prompts go through the model once, prompts of like length go together. What a row draws depends on its own prompt
// and seed alone: all of a prompt but its last token goes in first, then every token by itself, in whatever company.
// (Matrices of half floats are the exception: how ONNX Runtime rounds their products depends on how many rows there are.)
import { SessionError } from "../onnx/failures.js";
import { queueOf } from "./queue.js";
import { newRow, prefixInput, rowInput, take, type Drawn, type DrawRequest, type Row } from "./rows.js";
import { runDecode, type Cache, type Decoding, type RowInput } from "./run.js";

export interface DrawOptions {
  /** Most rows at a time; fewer where memory runs out. */
  readonly batchSize: number;
  /** Tokens drawn in a run before rows may come and go; null: until all rows of a batch have ended. */
  readonly chunk: number | null;
  /** Tokens that end a row, beside its limit. */
  readonly stopTokens: readonly number[];
  /** Hears in one line that memory ran out. */
  readonly onNotice?: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Prompts that wait to be chosen from, for each row. */
const WINDOW = 4;
/** Bytes that attention's scores may take while prompts go in. */
const PREFILL_BYTES = 512 * 2 ** 20;

/** Draws for all requests, in the order in which they end. */
export async function* draw(
  decoding: Decoding,
  requests: AsyncIterable<DrawRequest>,
  { batchSize: most, chunk, stopTokens, signal, onNotice = () => undefined }: DrawOptions,
): AsyncGenerator<Drawn> {
  const queue = queueOf(requests);
  const batch = newBatch(decoding, stopTokens, signal);
  let batchSize = most;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const open = chunk !== null || batch.rows().length === 0;
      const free = open ? batchSize - batch.rows().length : 0;
      await queue.fill(free > 0 ? WINDOW * batchSize : 0, batch.rows().length === 0, signal);
      if (batch.rows().length === 0 && queue.waiting.length === 0) return;
      try {
        if (free > 0) await batch.admit(queue.takeAlike(free));
        yield* await batch.step(chunk);
      } catch (error) {
        const running = batch.rows().length;
        if (!(error instanceof SessionError && error.outOfMemory) || running <= 1) throw error;
        batchSize = Math.floor(running / 2);
        onNotice(`out of memory with ${running} rows: going on with ${batchSize} at a time`);
        queue.putBack(batch.clear());
      }
    }
  } finally {
    batch.clear();
    await queue.close();
  }
}

/** Rows under way and their cache. */
interface Batch {
  rows(): readonly Row[];
  /** Lets requests in: their prompts go through the model. */
  admit(requests: readonly DrawRequest[]): Promise<void>;
  /** Draws up to `chunk` tokens for every row; gives those that end. */
  step(chunk: number | null): Promise<readonly Drawn[]>;
  /** Gives up all rows; their requests can begin anew. */
  clear(): readonly DrawRequest[];
}

function newBatch(decoding: Decoding, stopTokens: readonly number[], signal: AbortSignal | undefined): Batch {
  let rows: Row[] = [];
  let cache: Cache | null = null;

  const release = (used: Cache | null): void => {
    if (used !== null) decoding.session.release(used.parts);
  };
  /** Fills a cache with prompts, each but its last token. */
  const prefill = async (prompts: readonly RowInput[]): Promise<Cache | null> => {
    const fill = { rows: prompts, steps: 1, stopTokens, past: null, joining: null, keep: true, signal };
    return (await runDecode(decoding, fill)).cache;
  };
  /** Makes one cache of two, with a row of its own for each row that has tokens there. */
  const join = async (joining: Cache | null): Promise<void> => {
    const filled = rows.filter(({ cached }) => cached > 0);
    const inputs = filled.map((row) => rowInput(row, 0));
    const both = { rows: inputs, steps: 0, stopTokens, past: cache, joining, keep: true, signal };
    const { cache: joined } = await runDecode(decoding, both).finally(() => release(joining));
    release(cache);
    cache = joined;
    for (const [at, row] of filled.entries()) row.from = at;
  };

  return {
    rows: () => rows,
    async admit(requests) {
      const fresh = requests.map(newRow);
      rows.push(...fresh);
      const longer = fresh.filter(({ request }) => request.prompt.length > 1);
      for (const group of prefillGroups(longer, decoding.model.heads)) {
        const joining = await prefill(group.map(({ first }, at) => prefixInput(first, at)));
        for (const [at, { first, all }] of group.entries())
          for (const row of all) {
            row.from = (cache?.rows ?? 0) + at;
            row.cached = first.request.prompt.length - 1;
          }
        if (cache === null) cache = joining;
        else await join(joining);
      }
    },
    async step(chunk) {
      const left = Math.max(...rows.map(({ request, drawn }) => request.maxTokens - drawn.length));
      // A row that has ended grows with the others until the run is over, and may not pass the model's last position.
      const room = decoding.model.positions - Math.max(...rows.map(({ cached }) => cached));
      const steps = Math.min(chunk ?? left, left, room);
      const inputs = rows.map((row) => rowInput(row, steps));
      const keep = steps < left;
      const run = { rows: inputs, steps, stopTokens, past: cache, joining: null, keep, signal };
      const { tokens, cache: grown } = await runDecode(decoding, run);
      release(cache);
      cache = grown;
      const ended: Drawn[] = [];
      const going: Row[] = [];
      for (const [at, row] of rows.entries()) {
        const own = tokens[at] ?? [];
        const end = take(row, own, stopTokens);
        if (end !== null) ended.push({ key: row.request.key, tokens: row.drawn, ended: end });
        else {
          row.from = at;
          row.cached += own.length;
          going.push(row);
        }
      }
      rows = going;
      if (rows.length === 0) {
        release(cache);
        cache = null;
      }
      return ended;
    },
    clear() {
      release(cache);
      cache = null;
      const given = rows.map(({ request }) => request);
      rows = [];
      return given;
    },
  };
}

/** Rows with one prompt. */
interface SamePrompt {
  readonly first: Row;
  readonly all: readonly Row[];
}

/** Equal prompts once, in groups of like length that go through the model together. */
function prefillGroups(rows: readonly Row[], heads: number): readonly (readonly SamePrompt[])[] {
  const prompts = new Map<string, { first: Row; all: Row[] }>();
  for (const row of rows) {
    const text = row.request.prompt.join();
    const same = prompts.get(text);
    if (same) same.all.push(row);
    else prompts.set(text, { first: row, all: [row] });
  }
  const lengthOf = ({ first }: SamePrompt): number => first.request.prompt.length;
  const sorted = [...prompts.values()].sort((a, b) => lengthOf(a) - lengthOf(b));
  const groups: SamePrompt[][] = [];
  for (const prompt of sorted) {
    const last = groups.at(-1);
    const scores = 4 * heads * lengthOf(prompt) ** 2;
    if (last !== undefined && (last.length + 1) * scores <= PREFILL_BYTES) last.push(prompt);
    else groups.push([prompt]);
  }
  return groups;
}
