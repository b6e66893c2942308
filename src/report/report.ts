// What a run has to say, as one plain object: the page, its Markdown twin and the tests all start from it. Whoever
// fills it (the run) decides the facts; whoever draws it adds none.
import type { Provenance, Verdict } from "../core/record.js";
import type { Count, StageTime } from "./charts.js";
import type { Distribution } from "./distributions.js";
import { readable } from "./figure.js";
import { VERDICTS } from "../dataset/stats.js";
import type { Cell, Row } from "./markup.js";

/** A name and its value, both shown as they are. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

export interface Report {
  /** e.g. `baseline: documentation pairs, no model`. */
  readonly title: string;
  /** The corpus and what was done to it, in a sentence. */
  readonly subtitle: string;
  /** What a reader must not miss, e.g. an unsafe sandbox; shown in red at the top. */
  readonly warnings: readonly string[];
  /** Functions read from the corpus, kept or not. */
  readonly seedsRead: number;
  readonly rowsPublished: number;
  /** Responses by verdict; a missing word means none. */
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
  /** What a model was asked; null where none taught. */
  readonly model: ModelWork | null;
  /** How many were left after each step, first to last. */
  readonly funnel: readonly Count[];
  /** Why things were left out, per stage. */
  readonly rejects: readonly StageRejects[];
  /** Figures of the published rows, one histogram each. */
  readonly metrics: readonly Distribution[];
  /** Per kept seed: lines of the whole seed and mccabe's complexity of the function. */
  readonly seeds: readonly SeedPoint[];
  readonly times: readonly StageTime[];
  readonly samples: readonly ReportSample[];
  /** Rows per SPDX identifier; `unknown` where none is known. */
  readonly licences: readonly Count[];
  /** Notices that must travel with the data, each a text of its own. */
  readonly notices: readonly string[];
  /** How to load the dataset, one piece of code per way. */
  readonly loading: readonly Snippet[];
  readonly options: readonly Fact[];
  readonly versions: readonly Fact[];
}

/** A model's part in a run. */
export interface ModelWork {
  /** Which model, how it was prompted and how it drew, in a sentence. */
  readonly told: string;
  readonly steps: readonly ModelStep[];
  /** Responses that were drawn, and those of always drawing as many as allowed; null where that says nothing. */
  readonly rounds: { readonly drawn: number; readonly always: number } | null;
}

export interface ModelStep {
  readonly step: string;
  readonly requests: number;
  /** Answers that could be read. */
  readonly parsed: number;
  /** Null where the engine does not tell. */
  readonly promptTokens: number | null;
  readonly newTokens: number | null;
}

export interface StageRejects {
  readonly stage: string;
  readonly counts: Readonly<Record<string, number>>;
  /** What is counted, e.g. `responses`. Default `functions`. */
  readonly unit?: string;
}

export interface SeedPoint {
  readonly name: string;
  readonly lines: number;
  readonly complexity: number;
}

export interface Snippet {
  readonly label: string;
  /** For the fence in Markdown, e.g. `python`. */
  readonly language: string;
  readonly code: string;
}

/** One published row, as the page shows it. */
export interface ReportSample {
  readonly entryPoint: string;
  readonly instruction: string;
  readonly code: string;
  /** Python; empty where there are none. */
  readonly tests: string;
  readonly verdict: Verdict;
  /** Figures beside the code, in order; null is shown as a dash. */
  readonly metrics: Readonly<Record<string, Cell>>;
  readonly provenance: Provenance;
}

/** The four words of the headline, best first. */
export const headlineVerdicts = ["verified", "recorded", "executed", "defined"] as const;

/** What each of the four words promises, for people. */
export const verdictMeaning: Readonly<Record<(typeof headlineVerdicts)[number], string>> = {
  verified: "asserts of an author or a model held, and fail on a stub",
  recorded: "asserts frozen from what the code itself returned",
  executed: "called in the sandbox and returned; no asserts",
  defined: "imported only, never called",
};

/** Responses whose verdict is none of the four headline words. */
export function otherVerdicts({ verdicts }: Pick<Report, "verdicts">): number {
  const others = VERDICTS.filter((verdict) => !headlineVerdicts.some((word) => word === verdict));
  return others.reduce((sum, verdict) => sum + (verdicts[verdict] ?? 0), 0);
}

/** The model's steps as a table's rows; without the tokens where the engine tells of none. */
export function modelRows({ steps }: ModelWork): readonly Row[] {
  const told = steps.some((step) => step.promptTokens !== null || step.newTokens !== null);
  return steps.map(({ step, requests, parsed, promptTokens, newTokens }) => ({
    step,
    requests,
    ...(told ? { "tokens sent": promptTokens, "tokens drawn": newTokens } : {}),
    "could be read": requests === 0 ? null : `${readable((100 * parsed) / requests, 0)} %`,
  }));
}

/** What drawing in rounds saved, in a sentence; empty where that says nothing. */
export function savedText({ rounds }: ModelWork): string {
  if (rounds === null || rounds.always === 0) return "";
  const { drawn, always } = rounds;
  const saved = readable((100 * (always - drawn)) / always, 0);
  return (
    `${readable(drawn)} responses were drawn, in rounds that end when one is good. Always drawing as many as allowed ` +
    `would have been ${readable(always)}: the rounds saved ${saved} %.`
  );
}

/** `path:12–40` in its repository and revision, with the licence where one is known. */
export function originOf({ repository, revision, path, startLine, endLine, licence }: Provenance): string {
  const version = revision === null ? repository : `${repository} ${revision}`;
  return [version, `${path}:${startLine}–${endLine}`, licence ?? "licence unknown"].join(" · ");
}

/** Seconds for people: `0.42 s`, `12.3 s`, `4 min 10 s`. */
export function secondsText(seconds: number): string {
  if (seconds < 60) return `${readable(seconds, seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
