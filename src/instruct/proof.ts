// Whether worked examples are what they claim: the answer runs and its tests hold and say something, as for any answer of a
// model, no benchmark's problem is given away, no two examples teach the same concept, and a model that answers as a
// prompt shows it would be understood. Needs `loadGrammar` first.
import { sha1Of, type Judged, type Metrics } from "../core/record.js";
import type { Contamination, Decontamination } from "../overlap/decontaminate.js";
import type { JudgingSandbox } from "../sandbox/sandbox.js";
import { assess } from "../validate/assess.js";
import { entryPointOf } from "../validate/entry.js";
import { measure } from "../validate/metrics.js";
import type { Prompt } from "../engine/engine.js";
import type { WorkedExample } from "./examples.js";
import { parseConcepts, parseInstruction, parseResponse } from "./parse.js";
import type { PromptSet, StepFields } from "./prompts.js";
import { STEPS, type Step } from "./stage.js";

/** What was found out about one example. */
export interface Proof {
  readonly example: string;
  readonly judged: Judged;
  readonly metrics: Metrics;
  /** The benchmark problem that its snippet, task or answer copies; null for none. */
  readonly contamination: Contamination | null;
  /** Concepts that other examples have too. */
  readonly shared: readonly string[];
  /** True where it is verified, original and shares nothing. */
  readonly holds: boolean;
}

export interface ProofOptions {
  readonly sandbox: JudgingSandbox;
  readonly decontamination: Decontamination;
  /** Wrong variants of each answer that its tests are tried on. Default 12. */
  readonly mutants?: number;
}

/** Decides which mutants are tried. */
const SEED = 0;

/** The proof of each example, in their order. */
export function proveExamples(
  examples: readonly WorkedExample[],
  { sandbox, decontamination, mutants = 12 }: ProofOptions,
): Promise<Proof[]> {
  const proofs = examples.map(async (example) => {
    const { name, implementation: code, tests, instruction, snippet } = example;
    const entryPoint = entryPointOf(code, tests);
    const job = { key: sha1Of(name), code, tests, origins: ["model"], entryPoint } as const;
    const judged = await assess(sandbox, job, { seed: SEED, mutants });
    const contamination =
      decontamination.check({ code, docstring: instruction }) ??
      decontamination.check({ code: snippet, docstring: null });
    const others = new Set(
      examples.filter((other) => other !== example).flatMap(({ concepts }) => concepts.map(plain)),
    );
    const shared = example.concepts.filter((concept) => others.has(plain(concept)));
    return {
      example: name,
      judged,
      metrics: measure(code, entryPoint ?? "", instruction),
      contamination,
      shared,
      holds: judged.verdict === "verified" && contamination === null && shared.length === 0,
    };
  });
  return Promise.all(proofs);
}

function plain(concept: string): string {
  return concept.toLowerCase();
}

/** An answer that a prompt shows, but that would not be read as what the example says if a model gave it. */
export interface Unread {
  readonly step: Step;
  readonly example: string;
  /** The parser's reason and detail, or what else is wrong. */
  readonly problem: string;
}

/** What no example is about. */
const ITEM: StepFields = {
  concepts: { snippet: "pass" },
  instructions: { concepts: ["nothing"], difficulty: "easy" },
  responses: { instruction: "Write nothing." },
};

/** Reads back every answer that the prompts of a set show; each example once for each step. */
export function unreadAnswers(set: PromptSet): Unread[] {
  return STEPS.flatMap((step) => {
    const found = new Map<string, Unread>();
    for (let block = 0; block < set.blocks[step]; block++) {
      const answers = shownAnswers(set.render(step, ITEM[step], block), set.stop);
      set.shots(step, block).forEach((example, at) => {
        const problem = problemOf(step, answers[at] ?? "", example);
        if (problem !== null) found.set(example.name, { step, example: example.name, problem });
      });
    }
    return [...found.values()];
  });
}

/** What the assistant says, or what stands between the header at the prompt's end, wherever it comes, and a stop string. */
function shownAnswers(prompt: Prompt, stop: readonly string[]): string[] {
  if (typeof prompt !== "string")
    return prompt.filter(({ role }) => role === "assistant").map(({ content }) => content);
  const header = prompt.slice(prompt.lastIndexOf("\n"));
  const behind = prompt.split(`${header}\n`).slice(1);
  return behind.map((text) => {
    const ends = stop.map((string) => text.indexOf(string)).filter((end) => end >= 0);
    return text.slice(0, Math.min(...ends, text.length));
  });
}

/** Why an answer is not read as what the example says; null where it is. */
function problemOf(step: Step, answer: string, example: WorkedExample): string | null {
  const { concepts, instruction, implementation, tests } = example;
  const [parsed, wanted] = {
    concepts: () => [parseConcepts(answer), { concepts }] as const,
    instructions: () => [parseInstruction(answer), { instruction }] as const,
    responses: () => [parseResponse(answer), { code: `${implementation}\n`, tests: `${tests}\n` }] as const,
  }[step]();
  if ("reason" in parsed) return `${parsed.reason}: ${parsed.detail}`;
  const fields: Readonly<Record<string, unknown>> = { ...parsed.fields };
  const other = Object.entries(wanted).find(
    ([name, value]) => JSON.stringify(fields[name]) !== JSON.stringify(value),
  );
  return other === undefined ? null : `its ${other[0]} is read as ${JSON.stringify(fields[other[0]])}`;
}
