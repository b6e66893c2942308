// All that a run finds out about a response: verdict and figures, and where asked for the benchmark problems that it solves
// and what a model thinks of the pair.
import type { ContentOptions } from "./core/run.js";
import type { WithResponse } from "./core/record.js";
import type { Engine } from "./engine/engine.js";
import { openEngine } from "./engine/open.js";
import { openScorer } from "./engine/scorer.js";
import { likelihoodOf } from "./instruct/likelihood.js";
import type { Sandbox } from "./sandbox/sandbox.js";
import type { Settings } from "./settings.js";
import { openBehaviour, type Behaviour } from "./validate/behaviour.js";
import { remembered } from "./validate/remembered.js";
import { validate, type Validated } from "./validate/validate.js";

/** What judging needs beside the sandbox. */
export interface Judging {
  /** Options that decide what is found out; empty where nothing more than verdict and figures is asked for. */
  readonly content: ContentOptions;
  readonly behaviour: Behaviour | null;
  readonly scoring: Engine | null;
  close(): Promise<void>;
}

/** @throws InputError for a list of problems or an engine that does not open. */
export async function openJudging(settings: Settings, onNotice: (text: string) => void): Promise<Judging> {
  const { solved, align, api, baseUrl } = settings;
  const behaviour = solved.length === 0 ? null : await openBehaviour(solved);
  const scoring =
    align === undefined
      ? null
      : await openEngine(align, { baseUrl, onNotice, ...(api === undefined ? {} : { api }) });
  return {
    content: {
      ...(behaviour === null ? {} : { solved: behaviour.identity }),
      ...(scoring === null ? {} : { align: scoring.identity }),
    },
    behaviour,
    scoring,
    close: () => scoring?.close() ?? Promise.resolve(),
  };
}

/** Verdicts on code that works: only such can solve anything. */
const WORKS = ["verified", "recorded"];

/** The judge of a run; what two stages ask it of the same response is found out once. */
export function judgeOf(
  { behaviour, scoring }: Judging,
  { seed, allowImports }: Settings,
  sandbox: Sandbox,
  signal: AbortSignal,
): (response: WithResponse) => Promise<Validated> {
  const scorer = scoring === null ? null : openScorer(scoring, signal);
  return remembered(async (response: WithResponse) => {
    const { result, metrics } = await validate(response, sandbox, { seed, allowImports });
    const solves =
      behaviour === null
        ? {}
        : { solves: WORKS.includes(result.verdict) ? await behaviour.solvedBy(sandbox, response) : [] };
    const { key, code } = response;
    const instruction = response.asked ?? response.instruction;
    const likelihood =
      scorer === null ? {} : await likelihoodOf({ key, instruction, code }, (asked) => scorer.ask(asked));
    return { result: { ...result, ...solves }, metrics: { ...metrics, ...likelihood } };
  });
}
