// A model, or samples that somebody has, on tasks with tests: from a file of tasks to pass@k. Everything lies in one folder, each
// part is made once, and the same command goes on where it was stopped:
//   evaluation.json  what it was made with      prompts.jsonl  completions.jsonl  only with a model
//   samples.jsonl  as EvalPlus reads them       results.jsonl  a verdict each       summary.json
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { readRows, writeRows, writeWhole } from "../core/files.js";
import { stoppable } from "../core/interrupt.js";
import { lockFolder } from "../core/lock.js";
import { generateTo, type GeneratedRow } from "../engine/generate.js";
import { loadGrammar } from "../python/syntax.js";
import { promptOf, stopsOfAll } from "./completing.js";
import { judgeTo } from "./judging.js";
import { factsOf, noteOnce } from "./note.js";
import { evaluationSettings, type EvaluateOptions, type EvaluationSettings } from "./options.js";
import { readSamples, sampleFrom, type GivenSamples, type SampleRow } from "./samples.js";
import { newTally, type EvaluationSummary } from "./summary.js";
import { readTasks, type EvaluationTask, type Tasks } from "./tasks.js";

/** What the parts of an evaluation share. */
interface Work {
  readonly folder: string;
  readonly options: EvaluateOptions & { readonly signal: AbortSignal };
  readonly settings: EvaluationSettings;
  readonly read: Tasks;
  readonly tasks: ReadonlyMap<string, EvaluationTask>;
}

/**
 * Evaluates on the tasks of a file (HumanEval's, MBPP's and EvalPlus's layouts), into a folder; a second start does what is
 * missing.
 * @throws InputError for everything that the caller can mend; the signal's reason when stopped, with all that was found kept.
 */
export async function evaluateTo(
  file: string,
  folder: string,
  options: EvaluateOptions,
): Promise<EvaluationSummary> {
  const settings = evaluationSettings(options);
  return stoppable(options.signal, async (signal) => {
    await loadGrammar();
    const read = await readTasks(file);
    if (read.tasks.length === 0) throw noTasks(file, read.dropped);
    const tasks = new Map(read.tasks.map((task) => [task.id, task]));
    const given = settings.samples === null ? null : await givenSamples(settings.samples, tasks);
    await mkdir(folder, { recursive: true });
    const unlock = await lockFolder(folder);
    try {
      await noteOnce(folder, factsOf(settings, options.judging ?? {}, read, given));
      return await evaluated({ folder, options: { ...options, signal }, settings, read, tasks }, given);
    } finally {
      await unlock();
    }
  });
}

function noTasks(file: string, dropped: Tasks["dropped"]): InputError {
  const why = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  return new InputError(
    `task file "${file}" holds no task (${why.join(", ") || "it is empty"}): give one in HumanEval's or MBPP's layout`,
  );
}

async function givenSamples(file: string, tasks: ReadonlyMap<string, EvaluationTask>): Promise<GivenSamples> {
  const given = await readSamples(file, tasks);
  if (given.samples.length > 0) return given;
  const why = Object.entries(given.dropped).map(([reason, count]) => `${count} ${reason}`);
  throw new InputError(
    `sample file "${file}" holds no sample of these tasks (${why.join(", ") || "it is empty"}): ` +
      "give lines of {task_id, solution} or {task_id, completion}",
  );
}

async function evaluated(work: Work, given: GivenSamples | null): Promise<EvaluationSummary> {
  const { folder, options, settings, read, tasks } = work;
  const samples = path.join(folder, "samples.jsonl");
  await writeRows(samples, given === null ? drawnSamples(work) : given.samples);
  const tally = newTally();
  const results = path.join(folder, "results.jsonl");
  const judging = { ...options.judging, ...shared(options) };
  await judgeTo({ samples, results, tasks, options: judging, seen: (row) => tally.add(row) });
  const about = {
    model: settings.model,
    dropped: { tasks: read.dropped, samples: given?.dropped ?? {} },
  };
  const summary = tally.summary(settings.k, about, tasks.keys());
  await writeWhole(path.join(folder, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

/** Samples in the order of the tasks, once the model has completed every prompt. */
async function* drawnSamples({ folder, options, settings, read, tasks }: Work): AsyncGenerator<SampleRow> {
  const { model, numSamples, maxTokens, temperature, topP, seed } = settings;
  if (model === null) throw new Error("internal: neither a model nor samples");
  const prompts = path.join(folder, "prompts.jsonl");
  const completions = path.join(folder, "completions.jsonl");
  const rows = read.tasks.map((task) => ({ id: task.id, prompt: promptOf(task), n: numSamples }));
  await writeRows(prompts, rows);
  const drawn = { maxTokens, temperature, topP, seed, stop: stopsOfAll(read.tasks) };
  await generateTo(model, prompts, completions, { ...options.engine, ...drawn, ...shared(options) });
  for await (const row of readRows<GeneratedRow>(completions)) yield sampleFrom(row, tasks);
}

function shared({ draw, signal }: Work["options"]): Pick<Work["options"], "draw" | "signal"> {
  return { signal, ...(draw === undefined ? {} : { draw }) };
}
