// What a filter is worth to the model that is trained on what it leaves: the rows for finding out. In: judged rows. Out: files
// of exchanges, or arms, to train one model each with: everything, what the filter leaves, and as many rows drawn at random,
// which tell what comes of the filter from what comes of having less. Beside them a file of verified exchanges that no arm
// learns from. Files of a corpus (repositories, where there are several) and near-duplicates are wholly on one side.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { writeRows } from "../core/files.js";
import { shuffled, uniforms } from "../core/random.js";
import { testText, type WithResult } from "../core/record.js";
import { openDivision, type SplitStats } from "../dataset/splits.js";
import { parseTemplate, TRAINING_TEMPLATE, type Template } from "../dataset/template.js";
import { clusterPairs } from "../overlap/pairs.js";
import { loadGrammar } from "../python/syntax.js";

/** What is asked of a judged row. */
export type ArmRow = Pick<
  WithResult,
  "key" | "group" | "provenance" | "instruction" | "response" | "code" | "tests" | "result"
>;

export const ARMS = ["everything", "filtered", "random"] as const;

/** One training. */
export interface Arm {
  readonly name: (typeof ARMS)[number];
  /** For the training, and for what is drawn. */
  readonly seed: number;
  /** Exchanges, `{key, verdict, prompt, completion}` a line, and their number. */
  readonly file: string;
  readonly rows: number;
}

export interface Arms {
  /** Every arm with every seed, seed by seed. */
  readonly arms: readonly Arm[];
  /** What they are measured on: `{id, prompt, text, tests}` a line, one for each instruction. */
  readonly heldOut: string;
  readonly heldOutRows: number;
  readonly split: SplitStats;
}

export interface ArmsOptions<Row extends ArmRow = ArmRow> {
  /** The filter; default: rows that are verified. */
  readonly keeps?: (row: Row) => boolean;
  /** A training of each arm with each of these; default 0, 1 and 2. */
  readonly seeds?: readonly number[];
  /** Largest share of the rows that no arm learns from; default 0.25. */
  readonly testShare?: number;
  /** Decides which rows these are; default 0. */
  readonly splitSeed?: number;
  /** How instruction and response become prompt and completion; default `TRAINING_TEMPLATE`. */
  readonly template?: string;
}

const isVerified = ({ result }: ArmRow): boolean => result.verdict === "verified";

/**
 * Writes the files of all arms into a folder; the same rows and options give the same files.
 * @throws InputError where nothing verified can be held out, where the filter leaves nothing or everything, and for equal seeds.
 */
export async function writeArms<Row extends ArmRow>(
  rows: readonly Row[],
  folder: string,
  { keeps = isVerified, seeds = [0, 1, 2], testShare = 0.25, splitSeed = 0, template }: ArmsOptions<Row> = {},
): Promise<Arms> {
  if (seeds.length === 0 || new Set(seeds).size !== seeds.length)
    throw new InputError(`seeds [${seeds.join(", ")}] must be at least one, and different ones`);
  const { train, test, split } = await divided(rows, testShare, splitSeed);
  const [kept, heldOut] = [train.filter(keeps), oneOfEach(test.filter(isVerified))];
  if (heldOut.length === 0)
    throw new InputError(
      `none of ${rows.length} rows is verified and can be held out at testShare ${testShare}: raise it, or give more rows`,
    );
  if (kept.length === 0 || kept.length === train.length)
    throw new InputError(
      `the filter leaves ${kept.length} of ${train.length} rows, so that there is nothing to compare: choose another`,
    );
  const layout = parseTemplate(template ?? TRAINING_TEMPLATE);
  await mkdir(folder, { recursive: true });
  const written = async (name: string, some: readonly ArmRow[]): Promise<Pick<Arm, "file" | "rows">> => {
    const file = path.join(folder, `${name}.jsonl`);
    return { file, rows: await writeRows(file, exchanges(some, layout)) };
  };
  const everything = await written("everything", train);
  const filtered = await written("filtered", kept);
  const arms: Arm[] = [];
  for (const seed of seeds) {
    const drawn = shuffled(train, uniforms(seed, "arm")).slice(0, kept.length);
    const random = await written(`random-${seed}`, drawn);
    const files = { everything, filtered, random };
    arms.push(...ARMS.map((name) => ({ name, seed, ...files[name] })));
  }
  const file = path.join(folder, "held-out.jsonl");
  return { arms, heldOut: file, heldOutRows: await writeRows(file, problems(heldOut, layout)), split };
}

/** Rows to learn from and to measure on. */
async function divided<Row extends ArmRow>(
  rows: readonly Row[],
  testShare: number,
  seed: number,
): Promise<{ readonly train: Row[]; readonly test: Row[]; readonly split: SplitStats }> {
  await loadGrammar();
  const clusters = [...clusterPairs(rows)].map((first, row) => [row, String(first)] as const);
  const division = openDivision({ seed, testShare });
  for (const { provenance } of rows) division.add(provenance);
  const { splitOf, stats } = division.divide(() => true, new Map(clusters));
  const side = (name: "train" | "test"): Row[] => rows.filter((_, row) => splitOf(row) === name);
  return { train: side("train"), test: side("test"), split: stats };
}

/** The first answer to each instruction: a task is asked once. */
function oneOfEach(rows: readonly ArmRow[]): ArmRow[] {
  const seen = new Set<string>();
  return rows.filter(({ group }) => !seen.has(group) && seen.add(group));
}

function exchanges(rows: readonly ArmRow[], { prompt, completion }: Template): object[] {
  return rows.map(({ key, result, instruction, response }) => ({
    key,
    verdict: result.verdict,
    prompt: prompt(instruction),
    completion: completion(response),
  }));
}

function problems(rows: readonly ArmRow[], { prompt, completion }: Template): object[] {
  return rows.map(({ key, instruction, response, tests }) => ({
    id: key,
    prompt: prompt(instruction),
    text: completion(response),
    tests: testText(tests),
  }));
}
