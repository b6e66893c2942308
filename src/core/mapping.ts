// The work of a stage that follows another's rows: some at a time, each finished row appended with what it rests on.
import { asError } from "./files.js";
import type { Entry, Journal } from "./journal.js";
import type { Keyed } from "./journal-lines.js";
import type { Task } from "./progress.js";
import type { Reject } from "./record.js";
import type { StageHandle, StagePlan, Work } from "./stage.js";

/** What became of one input: a row, or the reason why there is none; and what else is to be kept with it, in side files. */
export type Made<Row> = ({ readonly row: Row } | { readonly failed: Reject }) & {
  readonly beside?: readonly Entry<Keyed>[];
};

/** What a stage needs to follow another's rows. */
export interface FollowOptions<In> {
  readonly plan: StagePlan;
  readonly upstream: StageHandle<In>;
  /** Inputs worked on at the same time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly task: (done: number) => Task;
  /** The one line that says what came of it. */
  readonly note: (counts: ReadonlyMap<string, number>) => string;
}

export interface MapOptions<In, Out> extends FollowOptions<In> {
  /** Key of the row that an input will become, known before the work. */
  readonly keyFor: (input: In) => string;
  readonly make: (input: In, key: string, journal: Journal) => Promise<Made<Out>>;
}

/** The work of a stage that makes at most one row from each upstream row; failures go to `<main>.failed`. */
export function mapping<In extends Keyed, Out extends Keyed>(options: MapOptions<In, Out>): Work {
  const { plan, keyFor, make, signal } = options;
  return async (journal) => {
    const task = options.task(doneIn(plan, journal));
    await followed(options, journal, task, (input, write) => {
      const key = keyFor(input);
      if (journal.has(key)) return null;
      return make(input, key, journal).then((made) => {
        signal.throwIfAborted();
        write(entriesOf(plan, made));
        task.tick();
      });
    });
    return {};
  };
}

/** Inputs of which the journal knows what became of them. */
function doneIn({ main }: StagePlan, journal: Journal): number {
  const counts = journal.counts();
  return (counts.get(main) ?? 0) + (counts.get(`${main}.failed`) ?? 0);
}

/** What is appended for an outcome: what it rests on first. */
export function entriesOf<Row extends Keyed>({ main }: StagePlan, made: Made<Row>): Entry<Keyed>[] {
  const entry = "row" in made ? { file: main, row: made.row } : { file: `${main}.failed`, row: made.failed };
  return [...(made.beside ?? []), entry];
}

/** Goes through the upstream's rows, some at a time, until the last job is done; `job` gives null where there is nothing to do. */
export async function followed<In>(
  { upstream, concurrency, signal, note }: FollowOptions<In>,
  journal: Journal,
  task: Task,
  job: (input: In, write: (entries: readonly Entry<Keyed>[]) => void) => Promise<void> | null,
): Promise<void> {
  upstream.done.then(
    ({ rows }) => task.expect(rows),
    () => undefined,
  );
  const running = new Set<Promise<void>>();
  const failures: Error[] = [];
  const fail = (error: unknown): void => {
    failures.push(asError(error));
  };
  // Not awaited: forced writes come in groups, and the next input need not wait for them.
  const write = (entries: readonly Entry<Keyed>[]): void => void journal.append(entries).catch(fail);
  for await (const input of upstream.rows()) {
    signal.throwIfAborted();
    const begun = job(input, write);
    if (begun === null) continue;
    const work: Promise<void> = begun.catch(fail).finally(() => running.delete(work));
    running.add(work);
    if (running.size >= concurrency) await Promise.race(running);
    if (failures.length > 0) break;
  }
  await Promise.all(running);
  if (failures[0] !== undefined) throw failures[0];
  task.end(note(journal.counts()));
}
