// The teacher without a model: a documented function is its own lesson. The instruction comes from docstring and
// signature, the response is the function with what it must carry, and the tests are the docstring's own examples and
// behaviour recorded by calling the code. A baseline of documentation pairs, and every row says so.
import type { Seed, Test, WithConcepts, WithInstruction, WithResponse } from "../core/record.js";
import type { Observation, Sandbox, Step } from "../sandbox/sandbox.js";
import { conceptsOf } from "./concepts.js";
import { examplesOf, stepsOf, withoutExamples, type DoctestReason, type Example } from "./doctest.js";
import { callsFor } from "./inputs.js";

/** Name under which this teacher's rows go. */
export const DOCSTRING_MODEL = "docstring";

export type InstructReason = "description-too-short" | "never-returns" | "does-not-import" | "sandbox-error";

/** What a step gives: the fields that it adds, or why it can't. */
export type Taught<Fields, Reason extends string = InstructReason> =
  { readonly fields: Fields } | { readonly reason: Reason; readonly detail: string };

/** S -> C: techniques that the code shows. */
export function teachConcepts(seed: Seed): Taught<Omit<WithConcepts, keyof Seed>> {
  return { fields: { concepts: conceptsOf(seed.seed, seed.entryPoint), model: DOCSTRING_MODEL } };
}

/** Words that a description must have to be an instruction. */
const MIN_WORDS = 3;

/** C -> I: what the docstring asks for, said as a task. */
export function teachInstruction(record: WithConcepts): Taught<Omit<WithInstruction, keyof WithConcepts>> {
  const description = withoutExamples(record.docstring);
  const words = description.split(/\s+/).filter((word) => /\w/.test(word)).length;
  const examples = examplesOf(record.docstring);
  const shown = examples.some(({ want }) => want !== "");
  // A few words say too little, unless examples say the rest.
  if (words < MIN_WORDS && !shown) return { reason: "description-too-short", detail: `${words} words` };
  const kind = record.async ? "an async Python function" : "a Python function";
  const parts = [
    `Write ${kind} \`${signatureOf(record)}\`${words === 0 ? " that behaves as these examples show" : ""}.`,
    description,
    shown
      ? `${words === 0 ? "" : "Examples:\n\n"}\`\`\`python\n${examples.map(promptText).join("\n")}\n\`\`\``
      : "",
  ];
  return { fields: { prompt: null, instruction: parts.filter((part) => part !== "").join("\n\n") } };
}

/** `name(a, b=1) -> int`, as written in the source. */
export function signatureOf({
  entryPoint,
  parameters,
  returns,
}: Pick<Seed, "entryPoint" | "parameters" | "returns">): string {
  const parts: string[] = [];
  parameters.forEach((parameter, at) => {
    const before = parameters[at - 1];
    if (before?.kind === "positional-only" && parameter.kind !== "positional-only") parts.push("/");
    const starred = parameters
      .slice(0, at)
      .some(({ kind }) => kind === "var-positional" || kind === "keyword-only");
    if (parameter.kind === "keyword-only" && !starred) parts.push("*");
    const star = parameter.kind === "var-positional" ? "*" : parameter.kind === "var-keyword" ? "**" : "";
    const annotation = parameter.annotation === null ? "" : `: ${parameter.annotation}`;
    const equals = parameter.annotation === null ? "=" : " = ";
    parts.push(
      `${star}${parameter.name}${annotation}${parameter.default === null ? "" : equals + parameter.default}`,
    );
  });
  if (parameters.at(-1)?.kind === "positional-only") parts.push("/");
  return `${entryPoint}(${parts.join(", ")})${returns === null ? "" : ` -> ${returns}`}`;
}

export interface RecordOptions {
  /** Seed of the run: decides which inputs are tried. */
  readonly seed: number;
  /** Recorded asserts per function, at most; default 6. */
  readonly maxRecorded?: number;
  /** Longest value, in characters, that is frozen in an assert; default 200. */
  readonly maxLiteral?: number;
}

/** I -> R: the function itself, with tests from its doctests and from what it does. Runs the code in the sandbox. */
export async function teachResponse(
  record: WithInstruction,
  sandbox: Sandbox,
  { seed, maxRecorded = 6, maxLiteral = 200 }: RecordOptions,
): Promise<Taught<Omit<WithResponse, keyof WithInstruction>>> {
  const code = `${record.seed.trim()}\n`;
  const entryPoint = record.entryPoint;
  const doctests = stepsOf(examplesOf(record.docstring), entryPoint, moduleOf(record));
  const prelude: Step[] = record.async ? [{ kind: "setup", source: "import asyncio" }] : [];
  const calls = callsFor(record, { seed }).map((call) => (record.async ? `asyncio.run(${call})` : call));

  const first = await sandbox.observe({
    code,
    entryPoint,
    steps: [...doctests.steps, ...prelude, ...calls.map((source): Step => ({ kind: "call", source }))],
  });
  if (first.outcome.status === "sandbox-error")
    return { reason: "sandbox-error", detail: first.outcome.message ?? "" };
  if (first.outcome.stage === "code") {
    return { reason: "does-not-import", detail: first.outcome.message ?? first.outcome.status };
  }
  const seen = first.observations.slice(doctests.steps.length + prelude.length);
  const returned = calls.filter((_, at) => ["value", "opaque"].includes(seen[at]?.status ?? ""));
  const held = doctests.steps.some(
    ({ kind }, at) => kind === "assert" && first.observations[at]?.status === "ok",
  );
  if (returned.length === 0 && !held) {
    return { reason: "never-returns", detail: commonest(seen) ?? `none of ${calls.length} calls returned` };
  }

  const chosen = choose(calls, seen, { count: 2 * maxRecorded, maxLiteral });
  const again = await sandbox.observe({
    code,
    entryPoint,
    elsewhere: true,
    steps: [
      ...doctests.steps,
      ...prelude,
      ...chosen.map(({ call }): Step => ({ kind: "call", source: call })),
    ],
  });
  const kept = keptDoctests(doctests.steps, first.observations, again.observations);
  const repeated = again.observations.slice(doctests.steps.length + prelude.length);
  const stable = chosen.filter(({ literal }, at) => repeated[at]?.literal === literal);
  const unstable = chosen.length - stable.length;
  const asserts = stable.slice(0, maxRecorded).map(({ call, literal }) => assertEqual(call, literal));
  const imports = record.async && asserts.length > 0 ? ["import asyncio"] : [];
  const recorded: Test[] = [...imports, ...asserts].map((source) => ({ origin: "recorded", source }));
  return {
    fields: {
      group: record.key,
      index: 0,
      response: `\`\`\`python\n${code}\`\`\`\n`,
      code,
      tests: [...kept.tests, ...recorded],
      calls: [...(record.async ? ["import asyncio"] : []), ...returned.slice(0, 3)],
      dropped: counted([
        ...doctests.dropped,
        ...kept.dropped,
        ...Array<string>(unstable).fill("not-deterministic"),
      ]),
    },
  };
}

interface Choice {
  readonly call: string;
  readonly literal: string;
  readonly lines: readonly number[];
}

/**
 * Calls worth freezing: plain results that aren't None (those would pass an empty body). First the ones that together
 * reach the most lines of the code, each adding the most that is new; then others with results of their own.
 */
function choose(
  calls: readonly string[],
  seen: readonly Observation[],
  { count, maxLiteral }: { count: number; maxLiteral: number },
): Choice[] {
  const usable: Choice[] = [];
  calls.forEach((call, at) => {
    const { status, literal = null, lines = [] } = seen[at] ?? {};
    if (status !== "value" || literal === null || literal === "None" || literal.length > maxLiteral) return;
    usable.push({ call, literal, lines });
  });
  // A reader prefers what fits on a line.
  const isShort = ({ call, literal }: Choice): boolean => call.length + literal.length <= READABLE;
  const left = [...usable.filter(isShort), ...usable.filter((choice) => !isShort(choice))];
  const chosen: Choice[] = [];
  const [covered, results] = [new Set<number>(), new Set<string>()];
  while (chosen.length < count && left.length > 0) {
    const gains = left.map(({ lines, literal }) => {
      const fresh = lines.filter((line) => !covered.has(line)).length;
      return 2 * fresh + (results.has(literal) ? 0 : 1);
    });
    const [choice] = left.splice(gains.indexOf(Math.max(...gains)), 1);
    if (choice === undefined) break;
    chosen.push(choice);
    results.add(choice.literal);
    for (const line of choice.lines) covered.add(line);
  }
  return chosen;
}

/** Characters of call and value that make a readable assert. */
const READABLE = 90;

/** Doctests that held in both worlds, with the set-up that they need. */
function keptDoctests(
  steps: readonly Step[],
  first: readonly Observation[],
  second: readonly Observation[],
): { tests: Test[]; dropped: DoctestReason[] } {
  const fine = steps.map((_, at) => first[at]?.status === "ok" && second[at]?.status === "ok");
  const lastAssert = steps.findLastIndex(({ kind }, at) => kind === "assert" && fine[at] === true);
  const kept = steps.filter((_, at) => at <= lastAssert && fine[at] === true);
  const failed = steps.filter(({ kind }, at) => kind === "assert" && fine[at] !== true);
  return {
    tests: kept.map(({ source }) => ({ origin: "author", source })),
    dropped: failed.map(() => "doctest-does-not-hold"),
  };
}

/** Floats with many digits may differ in the last one between machines, so they are compared with a tolerance. */
export function assertEqual(call: string, literal: string): string {
  if (/^(True|False)$/.test(literal)) return `assert ${call} is ${literal}`;
  if (/^-?\d+\.\d{7,}(e[-+]?\d+)?$/.test(literal) || /^-?\d(\.\d+)?e[-+]?\d+$/.test(literal)) {
    return `assert abs(${call} - (${literal})) <= 1e-9 * abs(${literal})`;
  }
  return `assert ${call} == ${literal}`;
}

/** Dotted name of the module that a path stands for. */
function moduleOf({ provenance }: Pick<Seed, "provenance">): string {
  return provenance.path
    .replace(/\.py$/, "")
    .replace(/\/__init__$/, "")
    .replaceAll("/", ".");
}

function promptText({ source, want }: Example): string {
  const [first = "", ...more] = source.split("\n");
  return [`>>> ${first}`, ...more.map((line) => `... ${line}`), ...(want === "" ? [] : [want])].join("\n");
}

function commonest(seen: readonly Observation[]): string | null {
  const counts = Object.entries(counted(seen.map(({ detail, status }) => detail ?? status)));
  counts.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return counts[0]?.[0] ?? null;
}

function counted(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of [...words].sort()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
