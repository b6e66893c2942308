// Pairs by a name, for training: CoNaLa's curated files, pairs or passages with holes made from a corpus, or a file of exchanges
// that is split here.
import { access } from "node:fs/promises";
import { InputError } from "../core/errors.js";
import { readRows } from "../core/files.js";
import { shuffled, uniforms } from "../core/random.js";
import type { Corpus } from "../corpus/corpus.js";
import { parseTemplate, TRAINING_TEMPLATE } from "../dataset/template.js";
import { loadGrammar } from "../python/syntax.js";
import { exchangeOf, type Exchange } from "../train/lessons.js";
import type { Exchanges } from "../train/lessonsides.js";
import { withCorpus, type CorpusUseOptions } from "../train/reading.js";
import { denoisingPairs } from "./denoise.js";
import { curatedConala, type RewritePair } from "./pairs.js";
import { syntheticPairs } from "./synthetic.js";

/** What names of pairs look like. */
export const PAIR_SOURCES = ["conala:FOLDER", "synthetic:CORPUS", "denoise:CORPUS", "FILE.jsonl"] as const;

const NAMED = /^(conala|synthetic|denoise):(.+)$/su;

export interface PairData {
  readonly training: readonly RewritePair[];
  readonly validation: readonly RewritePair[];
  /** Rows or functions that gave none, by the reason. */
  readonly dropped: Readonly<Partial<Record<string, number>>>;
}

export interface PairDataOptions extends CorpusUseOptions {
  /**
   * Share that is kept for validation where the source does not say: of a file's rows, or of a corpus's files, 0 to below 1.
   * Default 0.1, of passages with holes 0.02.
   */
  readonly validation?: number;
  /** Draws the split, and what is made of a corpus; default 0. */
  readonly seed?: number;
  /** Stops the reading of a corpus. */
  readonly signal?: AbortSignal | undefined;
}

/** Opens the pairs named `spec`. @throws InputError for what can't be read, and a source without a pair to learn. */
export async function openPairs(spec: string, options: PairDataOptions = {}): Promise<PairData> {
  const { validation = 0 } = options;
  if (!(validation >= 0 && validation < 1))
    throw new InputError(`a share of ${validation} can't be validation: give a number from 0 to below 1`);
  const [, kind, rest = ""] = NAMED.exec(spec) ?? [];
  const found =
    kind === "conala"
      ? await ofConala(rest)
      : kind === "synthetic"
        ? await ofCorpus(rest, options)
        : kind === "denoise"
          ? await ofPassages(rest, options)
          : await ofFile(spec, options);
  if (found.training.length > 0) return found;
  const why = Object.entries(found.dropped).map(([reason, count]) => `${count ?? 0} ${reason}`);
  throw new InputError(
    `${spec} has no pair to learn (${why.join(", ") || "no rows"}); name ${PAIR_SOURCES.join(", ")}`,
  );
}

/** What `trainLoraTo` learns, by a name: the sides of pairs, or a file as it is. @throws InputError as `openPairs` does. */
export async function openExchanges(
  spec: string,
  options: PairDataOptions = {},
): Promise<string | Exchanges> {
  return NAMED.test(spec) ? exchangesOf(await openPairs(spec, options)) : spec;
}

/** Pairs as what a model is taught to answer. */
export function exchangesOf({ training, validation }: Pick<PairData, "training" | "validation">): Exchanges {
  const exchange = ({ source, target }: RewritePair): Exchange => ({ prompt: source, response: target });
  return { training: training.map(exchange), validation: validation.map(exchange) };
}

async function ofConala(folder: string): Promise<PairData> {
  const { training, validation } = await curatedConala(folder);
  const dropped: Partial<Record<string, number>> = { ...training.dropped };
  for (const [reason, count] of Object.entries(validation.dropped))
    dropped[reason] = (dropped[reason] ?? 0) + count;
  return { training: training.pairs, validation: validation.pairs, dropped };
}

async function ofCorpus(name: string, options: PairDataOptions): Promise<PairData> {
  await loadGrammar();
  const { validation, seed = 0, signal } = options;
  const split = { anySentence: true, seed, signal, ...(validation === undefined ? {} : { validation }) };
  const made = await ofFiles(name, options, (corpus) => syntheticPairs(corpus, split));
  return { training: made.training, validation: made.validation, dropped: made.counts.dropped };
}

async function ofPassages(name: string, options: PairDataOptions): Promise<PairData> {
  const { validation, seed = 0 } = options;
  const split = { seed, ...(validation === undefined ? {} : { validation }) };
  const made = await ofFiles(name, options, (corpus) => denoisingPairs(corpus, split));
  return { ...made, dropped: {} };
}

/** What `make` makes of a corpus's files, which are counted on the way. */
function ofFiles<Made>(
  name: string,
  { signal, ...options }: PairDataOptions,
  make: (corpus: Pick<Corpus, "files">) => Promise<Made>,
): Promise<Made> {
  return withCorpus(name, options, async (corpus, progress) => {
    const task = progress.start("files read for pairs", await corpus.count());
    let files = 0;
    const made = await make({
      async *files(given) {
        for await (const item of corpus.files({ ...given, ...(signal === undefined ? {} : { signal }) })) {
          yield item;
          files++;
          task.tick();
        }
      },
    });
    task.end(`${files} read`);
    return made;
  });
}

/** Rows of `prompt` and `completion`, or `messages`, as `export` writes them. */
async function ofFile(file: string, { validation = 0.1, seed = 0 }: PairDataOptions): Promise<PairData> {
  await access(file).catch((cause: unknown) => {
    throw new InputError(`"${file}" can't be read: name ${PAIR_SOURCES.join(", ")}`, { cause });
  });
  const template = parseTemplate(TRAINING_TEMPLATE);
  const dropped: Partial<Record<string, number>> = {};
  const pairs: RewritePair[] = [];
  for await (const row of readRows<unknown>(file)) {
    const exchange = exchangeOf(row, template);
    if (typeof exchange === "string") dropped[exchange] = (dropped[exchange] ?? 0) + 1;
    else pairs.push({ id: String(pairs.length), source: exchange.prompt, target: exchange.response });
  }
  const order = shuffled(pairs, uniforms(seed, "validation"));
  const kept = Math.floor(validation * order.length);
  return { training: order.slice(kept), validation: order.slice(0, kept), dropped };
}
