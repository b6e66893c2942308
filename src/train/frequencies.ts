// How often each word or piece of code is in some texts. In memory are the different words, not the texts.
import { availableParallelism } from "node:os";
import { startProgress, type Progress } from "../core/progress.js";
import { batched, mapTexts } from "./pool.js";
import type { Cut, WordCounts } from "./texts.js";

export interface FrequencyOptions {
  /** Threads that count words; default one per processor. */
  readonly workers?: number;
  /** Number of texts, for the display; default unknown. */
  readonly expected?: number | null;
  readonly signal?: AbortSignal;
  /** Hears how far it has come; default nobody. */
  readonly progress?: Progress;
}

/** Characters that are counted at once. */
const BATCH = 2 ** 22;

/** How often each word is there, and the number of texts. Lone surrogates count as U+FFFD. */
export async function frequenciesOf(
  texts: AsyncIterable<string>,
  cut: Cut,
  options: FrequencyOptions = {},
): Promise<{ frequencies: ReadonlyMap<string, number>; count: number }> {
  const { workers = availableParallelism(), expected = null, signal, progress = startProgress() } = options;
  const task = progress.start("texts", expected);
  let count = 0;
  const counted = async function* (): AsyncGenerator<string> {
    for await (const text of texts) {
      signal?.throwIfAborted();
      count++;
      task.tick();
      yield text;
    }
  };
  const frequencies = new Map<string, number>();
  for await (const batch of mapTexts(batched(counted(), BATCH), "count", cut, workers))
    addWords(frequencies, batch);
  task.end(`${count} read, ${frequencies.size} different words`);
  return { frequencies, count };
}

/** Adds what was counted in some texts to what was counted before. */
export function addWords(frequencies: Map<string, number>, { words, counts }: WordCounts): void {
  for (const [at, word] of words.entries()) {
    const before = frequencies.get(word);
    // A word cut out of a text keeps all of that text in memory; through bytes and back it stands alone.
    const own = before === undefined ? Buffer.from(word, "utf8").toString("utf8") : word;
    frequencies.set(own, (before ?? frequencies.get(own) ?? 0) + (counts[at] ?? 0));
  }
}
