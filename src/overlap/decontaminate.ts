// Keeps the problems that models are judged by out of what they learn from: a function that contains enough of a
// problem's solution, or says enough of its task, is a copy. Prints of every problem in memory; one look per function.
// How much is enough was chosen on the 13,182 functions of CPython 3.14's standard library, see `ENOUGH`.
import { InputError } from "../core/errors.js";
import { sha1Of } from "../core/record.js";
import { readBenchmark } from "./benchmarks.js";
import { PRINT_KINDS, printsOf, type Described } from "./ngrams.js";
import { packPrints, printedOf, SHIPPED_BENCHMARKS, shippedPrints, type Printed } from "./shipped.js";

/** What was found: the solution as written, the solution under other names, or the words of the task. */
export type ContaminationKind = "code" | "renamed" | "docstring";

export interface Contamination {
  readonly benchmark: string;
  /** Name of the problem, e.g. `MBPP/11`. */
  readonly item: string;
  readonly kind: ContaminationKind;
  /** Share of the problem's prints of this kind that the function has, 0..1. */
  readonly share: number;
}

/** A finding as the detail of a reject, e.g. `MBPP/11: renamed 0.75`. */
export function contaminationDetail({ item, kind, share }: Contamination): string {
  return `${item}: ${kind} ${share.toFixed(2)}`;
}

export interface DecontaminationOptions {
  /**
   * Names of shipped benchmarks (`HumanEval`, `MBPP`) and paths of files in the layouts of `readBenchmark`; default
   * those shipped.
   */
  readonly lists?: readonly string[];
}

/** Looks functions up in lists of problems. */
export interface Decontamination {
  /** The problem of which the function holds the greatest share, if that is enough; of equals the first. */
  readonly check: (described: Described) => Contamination | null;
  /** Problems looked for. */
  readonly size: number;
  /** Tells two sets of problems apart, whatever they are called. */
  readonly identity: string;
}

/**
 * Share of a problem's prints from which a function is its copy. In the standard library no function has more than 0.18
 * of a solution as written. Under other names it is at most 0.5 (an idiom for chunks), but for `typing._deduplicate`
 * with 0.6 and three functions that are one-liners of MBPP; of a task's words at most 0.38, but for `heapq.merge` (0.44)
 * and `Counter.elements` (0.86), from whose docstrings MBPP took its words.
 */
const ENOUGH = { code: 0.3, open: 0.55, words: 0.4 } as const;

/** Fewer prints than these prove something only if they are all that the problem has. */
const MIN_PRINTS = 3;

const KINDS = { code: "code", open: "renamed", words: "docstring" } as const;

/**
 * Opens the lists; needs no network.
 * @throws InputError for a file that is not there or in no known layout.
 */
export async function openDecontamination({
  lists = SHIPPED_BENCHMARKS,
}: DecontaminationOptions = {}): Promise<Decontamination> {
  const problems: Printed[] = [];
  for (const list of lists) problems.push(...(await problemsOf(list)));
  const indices = PRINT_KINDS.map((kind) => ({ kind, index: indexOf(problems, kind) }));
  return {
    size: problems.length,
    identity: `${problems.length} problems ${sha1Of(Buffer.from(packPrints(problems)).toString("base64")).slice(0, 16)}`,
    check(described) {
      const prints = printsOf(described);
      let best: Contamination | null = null;
      for (const { kind, index } of indices) {
        for (const [number, count] of counted(prints[kind], index)) {
          const problem = problems[number];
          if (problem === undefined) continue;
          const share = count / problem.prints[kind].size;
          if (share < ENOUGH[kind] || (count < MIN_PRINTS && share < 1)) continue;
          const { benchmark, item } = problem;
          if (best === null || share > best.share) best = { benchmark, item, kind: KINDS[kind], share };
        }
      }
      return best;
    },
  };
}

async function problemsOf(list: string): Promise<Printed[]> {
  const shipped = SHIPPED_BENCHMARKS.find((name) => name.toLowerCase() === list.toLowerCase());
  if (shipped !== undefined) return (await shippedPrints()).filter(({ benchmark }) => benchmark === shipped);
  if (/^[\w-]+$/.test(list))
    throw new InputError(
      `benchmark "${list}" does not come with Selfalign: choose from ${SHIPPED_BENCHMARKS.join(", ")}, or name a file`,
    );
  return (await readBenchmark(list)).map(printedOf);
}

type Index = ReadonlyMap<number, readonly number[]>;

/** Numbers of the problems by print. */
function indexOf(problems: readonly Printed[], kind: (typeof PRINT_KINDS)[number]): Index {
  const index = new Map<number, number[]>();
  problems.forEach(({ prints }, number) => {
    for (const print of prints[kind]) {
      const numbers = index.get(print);
      if (numbers === undefined) index.set(print, [number]);
      else numbers.push(number);
    }
  });
  return index;
}

/** How many of the prints each problem has, problems in their order. */
function counted(prints: ReadonlySet<number>, index: Index): [number, number][] {
  const counts = new Map<number, number>();
  for (const print of prints)
    for (const number of index.get(print) ?? []) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b);
}
