// Pairs of prompt and text out of a file, scores into another. A pair that can't be understood or scored is a row with its
// reason.
import { doFileJob, type Made } from "../core/filejob.js";
import type { InputLine } from "../core/input.js";
import type { Draw } from "../core/progress.js";
import type { Engine, ScoreRequest } from "./engine.js";
import { idOf, parsed, textOr, type FileSummary, type RowId } from "./lines.js";
import { openEngine, type EngineOptions } from "./open.js";

/** `reason` and `detail` only where there is no score. */
export interface ScoredRow {
  readonly id: RowId;
  readonly nll: number | null;
  readonly tokens: number;
  readonly reason?: string;
  readonly detail?: string;
}

/** Bumped by hand when rows change their meaning. */
const SCORE_VERSION = 1;

export interface ScoreOptions extends EngineOptions {
  readonly draw?: Draw;
  readonly signal?: AbortSignal;
}

/**
 * Scores every pair of a JSONL file, `{id, prompt | promptTokens, text | textTokens}`, and writes `{id, nll, tokens}`: the mean
 * negative log-likelihood of the text's tokens after the prompt, in nats; a second start does what is missing.
 */
export async function scoreTo(
  model: string,
  input: string,
  output: string,
  options: ScoreOptions = {},
): Promise<FileSummary> {
  const counts = { rows: 0, unanswered: 0 };
  const { worked } = await doFileJob<ScoredRow>({
    name: "score",
    input,
    output,
    asked: { score: SCORE_VERSION, model },
    async open(say, signal) {
      const engine = await openEngine(model, { ...options, onNotice: options.onNotice ?? say });
      return {
        facts: { identity: engine.identity },
        make: (lines, isDone) => scored(engine, lines, isDone, signal),
        close: () => engine.close(),
      };
    },
    seen({ nll }) {
      counts.rows++;
      if (nll === null) counts.unanswered++;
    },
    draw: options.draw,
    signal: options.signal,
  });
  return { ...counts, worked };
}

async function* scored(
  engine: Engine,
  lines: AsyncIterable<InputLine>,
  isDone: (line: number, index: number) => boolean,
  signal: AbortSignal,
): AsyncGenerator<Made<ScoredRow>> {
  const under = new Map<string, { readonly line: number; readonly id: RowId }>();
  const refused: Made<ScoredRow>[] = [];
  async function* requests(): AsyncGenerator<ScoreRequest> {
    for await (const { text: given, line } of lines) {
      if (isDone(line, 0)) continue;
      const row = parsed(given);
      const [prompt, text] = [
        textOr(row?.["prompt"] ?? row?.["promptTokens"]),
        textOr(row?.["text"] ?? row?.["textTokens"]),
      ];
      if (prompt === null || text === null) {
        const detail = `needs "prompt" or "promptTokens", and "text" or "textTokens"`;
        const none = { id: idOf(row), nll: null, tokens: 0, reason: "no-pair", detail };
        refused.push({ line, index: 0, row: none });
      } else {
        under.set(String(line), { line, id: idOf(row) });
        yield { key: String(line), prompt, text };
      }
    }
  }
  for await (const answer of engine.score(requests(), signal)) {
    yield* refused.splice(0);
    const place = under.get(answer.key);
    if (place === undefined)
      throw new Error(`internal: the engine answered "${answer.key}", which nobody asked`);
    under.delete(answer.key);
    const { id, line } = place;
    const none = { nll: null, tokens: 0 };
    if ("reason" in answer) {
      const { reason, detail } = answer;
      yield { line, index: 0, row: { id, ...none, reason, detail } };
    } else yield { line, index: 0, row: { id, nll: answer.nll, tokens: answer.tokens } };
  }
  yield* refused;
}
