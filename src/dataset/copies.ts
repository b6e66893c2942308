// Pairs that say or do the same as an earlier one, and pairs that tell a benchmark's problem: found among the rows that
// would be published, in their order, so that the first of a cluster stays.
import type { WithResult } from "../core/record.js";
import { contaminationDetail, type Decontamination } from "../overlap/decontaminate.js";
import { contaminationOf, openPairs } from "../overlap/pairs.js";
import { treeOf } from "../python/trees.js";
import { wellFormed } from "./columns.js";
import type { Survey } from "./readings.js";
import type { SelectReason } from "./select.js";

export interface CopyOptions {
  /** Similarity from which a pair is a copy of an earlier one; 0 keeps all, and those alike by the default stay together. */
  readonly threshold: number;
  readonly benchmarks: Pick<Decontamination, "check">;
}

/** Why a row is left out, and what it is a copy of. */
export interface Copy {
  readonly reason: "near-duplicate-pair" | "contaminated-pair";
  /** E.g. `MBPP/11: renamed 0.75`, or the survivor's fingerprint, in what they are alike, and how much. */
  readonly detail: string;
}

/** What was found about rows, by their numbers. */
export interface Likeness {
  /** Rows to leave out. */
  readonly copies: ReadonlyMap<number, Copy>;
  /** Rows that stay though they are alike: the same name for those of a cluster. */
  readonly clusters: ReadonlyMap<number, string>;
}

/** Looks through the rows that `refusalOf` has nothing against. Needs `loadGrammar` first. */
export async function likenessAmong(
  rows: AsyncIterable<WithResult> | Iterable<WithResult>,
  refusalOf: Survey["refusalOf"],
  { threshold, benchmarks }: CopyOptions,
): Promise<Likeness> {
  const copies = new Map<number, Copy>();
  const clusters = new Map<number, string>();
  /** Numbers of the rows that others may be like, by key; needed where all stay. */
  const numbers = new Map<string, number>();
  const pairs = openPairs(threshold === 0 ? {} : { threshold });
  let number = -1;
  for await (const row of rows) {
    number++;
    if (refusalOf(row, number) !== null) continue;
    const own = ownCode(row);
    const response = row.response.replace(row.code, () => own);
    const pair = { key: row.key, instruction: row.asked ?? row.instruction, response, code: own };
    const hit = contaminationOf(benchmarks, pair);
    const like = hit === null ? pairs.add(pair) : null;
    if (hit !== null) copies.set(number, { reason: "contaminated-pair", detail: contaminationDetail(hit) });
    else if (like === null) numbers.set(row.key, number);
    else if (threshold > 0)
      copies.set(number, {
        reason: "near-duplicate-pair",
        detail: `${like.of}: ${like.by} ${like.similarity.toFixed(2)}`,
      });
    else for (const alike of [number, numbers.get(like.of) ?? number]) clusters.set(alike, like.of);
  }
  return { copies, clusters };
}

/** The function that a row is about, without what it carries along: seeds of one file share their helpers. */
function ownCode({ code, entryPoint }: WithResult): string {
  const tree = treeOf(code);
  if (tree === null) return code;
  const named = tree.root.codeChildren.find(
    (node) => (node.childForFieldName("definition") ?? node).childForFieldName("name")?.text === entryPoint,
  );
  return named?.text ?? code;
}

export const LEFT_FILE = "left_out.jsonl";

/** One line of `left_out.jsonl`. */
export interface LeftRow {
  /** Of the row in `results.jsonl`: its key. */
  readonly fingerprint: string;
  readonly reason: SelectReason;
  /** What it is a copy of, which problems it solves, or what its run said; empty where the reason says all. */
  readonly detail: string;
}

/** The rows that are not published, each with its reason, from another reading. */
export async function* leftOut(
  rows: AsyncIterable<WithResult> | Iterable<WithResult>,
  { refusalOf, copies }: Pick<Survey, "refusalOf" | "copies">,
): AsyncGenerator<LeftRow> {
  let number = -1;
  for await (const row of rows) {
    number++;
    const reason = refusalOf(row, number);
    if (reason === null) continue;
    const said = reason === row.result.verdict ? (row.result.message ?? "") : "";
    yield { fingerprint: row.key, reason, detail: wellFormed(copies.get(number)?.detail ?? said) };
  }
}
