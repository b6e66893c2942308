// The engine `local:FOLDER`: a converted model, run on this machine. Takes text where the folder has a tokenizer, and token
// ids always. Sessions are opened when they are first needed: a run that only scores never loads the decode graph.
import path from "node:path";
import { InputError } from "../core/errors.js";
import { drawingGraph, GRAPHS } from "../model/convert.js";
import { draw } from "../model/decode.js";
import { batchSizeFor, freeBytes } from "../model/memory.js";
import type { DrawRequest } from "../model/rows.js";
import { scoreBatch, type ScorePair } from "../model/score.js";
import { selfTest } from "../model/selftest.js";
import { goesAlone } from "../model/weights.js";
import { openSession, type Session } from "../onnx/session.js";
import type { Completion, Engine, GenerateRequest, Score, ScoreRequest, Unanswered } from "./engine.js";
import { inBatches } from "./batches.js";
import { openFolder } from "./folder.js";
import { besideRefused, refusals } from "./refused.js";
import { watchText, type Watched } from "./stops.js";

export interface LocalOptions {
  /** `gen`: a batch runs to its end in one go; `loop`: rows come and go, on the processor at any token, else every 32. Default `loop`. */
  readonly mode?: "gen" | "loop";
  /** Rows at a time. Default: what fits into free memory. A model of the dtype int8-128 draws one at a time, whatever is said here. */
  readonly batchSize?: number;
  /** Threads of an operation. Default: all processors. */
  readonly threads?: number;
  /** Tokens a row is expected to have, prompt included, where the batch size is reckoned; default 2,048. */
  readonly rowTokens?: number;
  readonly onNotice?: (text: string) => void;
}

/** Tokens drawn between two looks at which rows have ended. */
const CHUNK = 32;
const ROW_TOKENS = 2_048;

/** Opens a converted model. @throws InputError for a folder that holds none. */
export async function openLocal(folder: string, options: LocalOptions = {}): Promise<Engine> {
  const { mode = "loop", threads, onNotice } = options;
  const { manifest, format, tokenizer, stopTokens, idsOf, strangerIn } = await openFolder(folder);
  const { model, device, origin, dtype, sha256 } = manifest;
  const open = (graph: keyof typeof GRAPHS): Promise<Session> =>
    openSession(path.join(folder, GRAPHS[graph]), { device, ...(threads === undefined ? {} : { threads }) });
  const decoding = once(async () => {
    const graph = drawingGraph(manifest);
    if (device === "cpu" && graph !== "step")
      onNotice?.(`"${folder}" was converted by an earlier version: converted again, it takes less memory`);
    const session = await open(graph);
    const opened = { session, model, format };
    await selfTest(opened, folder, sha256).catch(async (error: unknown) => {
      await session.close();
      throw error;
    });
    return opened;
  });
  const scoring = once(() => open("score"));

  async function* generate(
    requests: AsyncIterable<GenerateRequest>,
    signal?: AbortSignal,
  ): AsyncGenerator<Completion | Unanswered> {
    const refused = refusals();
    const under = new Map<string, { readonly prompt: number; readonly watched: Watched | null }>();
    async function* drawable(): AsyncGenerator<DrawRequest> {
      for await (const request of requests) {
        const prompt = idsOf(request.prompt);
        const room = model.positions - prompt.length;
        const stranger = strangerIn(prompt);
        if (room < 1 || stranger !== null) {
          const tooLong = `${prompt.length} tokens; the model has ${model.positions} positions`;
          const reason = stranger === null ? "prompt-too-long" : "unknown-token";
          refused.add({ key: request.key, reason, detail: stranger ?? tooLong });
          continue;
        }
        const watched = tokenizer === null ? null : watchText(tokenizer, request.stop, request.onText);
        if (watched === null && request.stop.length > 0)
          throw new InputError(`"${folder}" has no tokenizer.json, so that stop strings can't be looked for`);
        under.set(request.key, { prompt: prompt.length, watched });
        const { key, temperature, topP, topK = null, seed } = request;
        const maxTokens = Math.min(request.maxTokens, room);
        const limits = { key, prompt, maxTokens, temperature, topP, topK, seed };
        yield watched === null ? limits : { ...limits, watch: watched.begin };
      }
    }
    const running = await decoding.get();
    const rowTokens = Math.min(options.rowTokens ?? ROW_TOKENS, model.positions);
    const alone = goesAlone(format);
    if (alone && (options.batchSize ?? 1) > 1)
      onNotice?.(`a model of the dtype ${dtype} draws one text at a time`);
    const batchSize = alone
      ? 1
      : (options.batchSize ??
        batchSizeFor(model, format, drawingGraph(manifest), rowTokens, freeBytes(device)));
    const chunk = mode === "gen" ? null : CHUNK;
    const how = { batchSize, chunk, stopTokens, signal, ...(onNotice === undefined ? {} : { onNotice }) };
    const drawn = besideRefused(draw(running, drawable(), how), refused);
    for await (const row of drawn) {
      if ("reason" in row) {
        yield row;
        continue;
      }
      const { key, tokens, ended } = row;
      const { prompt = 0, watched = null } = under.get(key) ?? {};
      under.delete(key);
      const text = watched?.text() ?? "";
      yield { key, text, tokens, finish: ended, promptTokens: prompt, newTokens: tokens.length };
    }
  }

  async function* score(
    requests: AsyncIterable<ScoreRequest>,
    signal?: AbortSignal,
  ): AsyncGenerator<Score | Unanswered> {
    const session = await scoring.get();
    const refused: Unanswered[] = [];
    async function* pairs(): AsyncGenerator<ScorePair> {
      for await (const { key, prompt, text } of requests) {
        const pair = { key, prompt: idsOf(prompt), text: idsOf(text, false) };
        const length = pair.prompt.length + pair.text.length;
        const stranger = strangerIn([...pair.prompt, ...pair.text]);
        if (pair.text.length === 0) refused.push({ key, reason: "empty-text", detail: "no token to score" });
        else if (stranger !== null) refused.push({ key, reason: "unknown-token", detail: stranger });
        else if (length > model.positions) {
          const detail = `${length} tokens; the model has ${model.positions} positions`;
          refused.push({ key, reason: "text-too-long", detail });
        } else yield pair;
      }
    }
    // Those of models that draw one text at a time, too: the row that would be rounded otherwise is a last token, or of padding.
    for await (const batch of inBatches(pairs(), model.heads, options.batchSize)) {
      yield* refused.splice(0);
      yield* await scoreBatch(session, batch, signal);
    }
    yield* refused;
  }

  return {
    identity: `${model.type} ${origin} ${dtype} ${device} ${sha256.slice(0, 16)}`,
    generate,
    score,
    async close() {
      await (await decoding.made())?.session.close();
      await (await scoring.made())?.close();
    },
  };
}

interface Once<T> {
  get(): Promise<T>;
  /** What was made so far, or null. */
  made(): Promise<T | null>;
}

/** Makes a thing when it is first asked for. */
function once<T>(make: () => Promise<T>): Once<T> {
  let making: Promise<T> | null = null;
  return {
    get: () => (making ??= make()),
    made: async () => (making === null ? null : making.catch(() => null)),
  };
}
