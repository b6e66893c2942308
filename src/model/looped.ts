// Rows whose loop runs inside the graph: many tokens in a run, the cache new at each step. For devices whose runs cost more
// than their steps, and from which a cache should not come back. Equal prompts that begin together go through the model once.
import { prefillGroups, type Batch } from "./batch.js";
import { newRow, prefixInput, rowInput, take, type Drawn, type Row } from "./rows.js";
import { runDecode, type Cache, type Decoding, type RowInput } from "./run.js";

export function loopedBatch(
  decoding: Decoding,
  stopTokens: readonly number[],
  signal: AbortSignal | undefined,
): Batch {
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
      const scoresOf = (length: number): number => decoding.model.heads * length ** 2;
      for (const group of prefillGroups(longer, scoresOf, Infinity)) {
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
