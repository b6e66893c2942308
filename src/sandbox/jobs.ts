// The jobs of the sandbox's contract as conversations with one child's harness: which verbs in which order, and how its
// answers, or the way a world ended instead of answering, become outcomes. Answers are checked: a world may say anything.
import { randomBytes } from "node:crypto";
import type { Child, Death } from "./children.js";
import type {
  JudgeJob,
  KillJob,
  Mode,
  Observation,
  Observed,
  ObserveJob,
  Outcome,
  OutcomeStatus,
} from "./sandbox.js";
import { GAVE_UP } from "./wire.js";
import type { Verb } from "./wire.js";

/** Standard output and error above this make a run a `flood`. */
export const FLOOD_BYTES = 1024 * 1024;

const STATUSES: ReadonlySet<string> = new Set<OutcomeStatus>([
  "passed",
  "failed",
  "error",
  "exit",
  "timeout",
  "memory",
  "unsupported",
]);
/** Share of its time that a program must have spent computing to have run out of it by its own doing. */
export const BUSY = 0.8;

/** Endings that a loaded or starved machine may bring about, so that they are believed only the second time. */
export const UNSURE: ReadonlySet<string> = new Set<OutcomeStatus>(["timeout", "memory", "sandbox-error"]);

const OBSERVED: ReadonlySet<string> = new Set<Observation["status"]>([
  "value",
  "opaque",
  "ok",
  "failed",
  "raised",
  "too-long",
]);

/** How long a job may take, and on which clock. */
export interface Terms {
  readonly timeoutMs: number;
  /** Count the child's processor time instead of the wall's, for a run that must not depend on the machine's load. */
  readonly processorTime: boolean;
}

/** How a world ended that gave no answer: with its process, by `exit` with a status, by a crash of the interpreter; `garbled` is an answer that is none. */
export interface Ending {
  readonly ended: Death | "exit" | "died" | "garbled";
  readonly status: number;
}

export type Fields = readonly unknown[];

interface Talk {
  /** Calls a verb; the nonce goes in front and is taken off the answer. */
  ask(verb: Verb, ...payload: readonly unknown[]): Promise<Fields | Ending>;
  /** Bytes written to the standard streams so far. */
  written(): number;
}

const isEnding = (answer: Fields | Ending): answer is Ending => "ended" in answer;
const isText = (value: unknown): value is string | null => value === null || typeof value === "string";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Tells an answer of the harness from everything else that may come out of a world. */
export function understood(reply: string, nonce: string): Fields | Ending {
  if (reply === "!died") return { ended: "died", status: 0 };
  const exit = /^!exit (\d+)$/.exec(reply);
  if (exit !== null) return { ended: "exit", status: Number(exit[1]) };
  try {
    const fields: unknown = JSON.parse(reply);
    if (Array.isArray(fields) && fields[0] === nonce) return fields.slice(1) as readonly unknown[];
  } catch {
    // Not JSON: garbled like any other text without the nonce.
  }
  return { ended: "garbled", status: 0 };
}

function talkTo(child: Child, { timeoutMs, processorTime }: Terms): Talk {
  const deadline = child.deadline(timeoutMs, processorTime);
  let written = 0;
  return {
    async ask(verb, ...payload) {
      const nonce = randomBytes(16).toString("hex");
      const answer = await child.call({ verb, text: JSON.stringify([nonce, ...payload]) }, deadline);
      if (typeof answer === "string") return { ended: answer, status: 0 };
      written = answer.written;
      return understood(answer.reply, nonce);
    },
    written: () => written,
  };
}

const MESSAGES: Readonly<Record<Exclude<Ending["ended"], "timeout" | "exit">, [OutcomeStatus, string]>> = {
  memory: ["memory", "the process ran out of memory"],
  lost: ["sandbox-error", "the sandbox's process died"],
  died: ["error", "the interpreter died"],
  garbled: ["error", "the interpreter gave no answer that can be believed"],
};

export function endedOutcome(
  { ended, status }: Ending,
  stage: Outcome["stage"],
  timeoutMs: number,
  mode: Mode = "one-world",
): Outcome {
  const nothing = { mode, objects: false, stage, asserts: 0, calls: 0, line: null };
  if (ended === "timeout")
    return { ...nothing, status: "timeout", message: `no end within ${timeoutMs / 1000} s` };
  if (ended === "exit")
    return { ...nothing, status: "exit", message: `the program ended its interpreter with status ${status}` };
  const [word, message] = MESSAGES[ended];
  return { ...nothing, status: word, message };
}

/** An answer of the harness as an outcome; of the eight fields none is taken on trust. */
export function outcomeOf(
  answer: Fields | Ending,
  stage: Outcome["stage"],
  timeoutMs: number,
  mode: Mode = "one-world",
): Outcome {
  if (isEnding(answer)) return endedOutcome(answer, stage, timeoutMs, mode);
  const [status, at, asserts, calls, message, line, objects] = answer;
  const sound = typeof status === "string" && STATUSES.has(status) && (at === "code" || at === "tests");
  if (!sound || !isCount(asserts) || !isCount(calls) || !isText(message) || !(line === null || isCount(line)))
    return endedOutcome({ ended: "garbled", status: 0 }, stage, timeoutMs, mode);
  return {
    status: status as OutcomeStatus,
    mode,
    objects: mode === "split" && objects === 1,
    stage: at,
    asserts,
    calls,
    message,
    line,
  };
}

/** A run that wrote too much is a flood, whatever else it was; what ended it from outside stays what it is. */
function unlessFlood(outcome: Outcome, written: number): Outcome {
  if (written <= FLOOD_BYTES || UNSURE.has(outcome.status)) return outcome;
  return {
    ...outcome,
    status: "flood",
    message: `wrote more than ${FLOOD_BYTES} bytes to its standard streams`,
  };
}

/** Imports the code, then runs the tests; a world that ends on the way is charged to the half it was in. */
export async function judgeIn(child: Child, job: JudgeJob, terms: Terms): Promise<Outcome> {
  if (job.mode === "split") return judgeApart(child, job, terms);
  const talk = talkTo(child, terms);
  const loaded = await talk.ask("load", job.code, job.tests, job.entryPoint);
  const outcome = outcomeOf(loaded, "code", terms.timeoutMs);
  if (outcome.status !== "passed") return unlessFlood(outcome, talk.written());
  const tested = await talk.ask("test");
  return unlessFlood(outcomeOf(tested, "tests", terms.timeoutMs), talk.written());
}

/** Imports the code in one world, then runs the tests in another, which asks the first. */
async function judgeApart(child: Child, job: JudgeJob, terms: Terms): Promise<Outcome> {
  const talk = talkTo(child, terms);
  const hosted = outcomeOf(await talk.ask("host", job.code), "code", terms.timeoutMs, "split");
  if (hosted.status !== "passed") return unlessFlood(hosted, talk.written());
  const tested = await talk.ask("confront", job.code, job.tests, job.entryPoint);
  return unlessFlood(outcomeOf(tested, "tests", terms.timeoutMs, "split"), talk.written());
}

function observationOf(fields: Fields): Observation | null {
  const [status, literal, detail, lines] = fields;
  if (typeof status !== "string" || !OBSERVED.has(status) || !isText(literal) || !isText(detail)) return null;
  if (typeof lines !== "string" || !/^(\d+( \d+)*)?$/.test(lines)) return null;
  const visited = lines === "" ? [] : lines.split(" ").map(Number);
  return { status: status as Observation["status"], literal, detail, lines: visited };
}

/** Imports the code, then takes the steps one by one until they, or the world, are at an end. */
export async function observeIn(child: Child, job: ObserveJob, terms: Terms): Promise<Observed> {
  const talk = talkTo(child, terms);
  const watched = outcomeOf(await talk.ask("watch", job.code, job.entryPoint), "code", terms.timeoutMs);
  const observations: Observation[] = [];
  const end = (outcome: Outcome): Observed => ({
    outcome: unlessFlood(outcome, talk.written()),
    observations,
  });
  if (watched.status !== "passed") return end(watched);
  for (const { kind, source } of job.steps) {
    const answer = await talk.ask("step", kind, source);
    const observation = isEnding(answer) ? null : observationOf(answer);
    if (observation !== null) {
      observations.push(observation);
      continue;
    }
    const ending: Ending = isEnding(answer) ? answer : { ended: "garbled", status: 0 };
    // The step swallowed the end of its budget until the harness gave the world up.
    if (ending.ended === "exit" && ending.status === GAVE_UP)
      observations.push({ status: "too-long", literal: null, detail: null, lines: [] });
    return end(endedOutcome(ending, "tests", terms.timeoutMs));
  }
  const held = job.steps.filter(
    ({ kind }, i) => kind === "assert" && observations[i]?.status === "ok",
  ).length;
  const returned = observations.filter(({ status }) => status === "value" || status === "opaque").length;
  return end({
    status: "passed",
    mode: "one-world",
    objects: false,
    stage: "tests",
    asserts: held,
    calls: returned,
    message: null,
    line: null,
  });
}

/** What became of a row of variants in one warm world. */
export interface Kills {
  readonly killed: readonly boolean[];
  /** How the world ended before the row did, if it did; the next variant is the one that ended it. */
  readonly ended: "surely" | "unsure" | null;
}

/** Tries variants from `from` on, up to `count`, until one ends the world. Each has the whole time to itself. */
export async function killIn(
  child: Child,
  job: KillJob,
  from: number,
  count: number,
  terms: Terms,
): Promise<Kills> {
  const variants = job.variants.slice(from, from + count);
  const prepared = await talkTo(child, terms).ask("prepare", job.tests, job.entryPoint, job.original ?? null);
  // On a loaded machine the original may seem to take too long: that says nothing of the variants.
  if (isEnding(prepared) && UNSURE.has(endedOutcome(prepared, "tests", terms.timeoutMs).status))
    return { killed: [], ended: "unsure" };
  // Tests that can't even be compiled, or that end the world on the original, pass on no variant.
  if (isEnding(prepared) || prepared[0] !== "passed")
    return { killed: variants.map(() => true), ended: null };
  const killed: boolean[] = [];
  let written = 0;
  for (const code of variants) {
    const talk = talkTo(child, terms);
    const answer = await talk.ask("variant", code);
    if (isEnding(answer)) {
      const { status } = endedOutcome(answer, "tests", terms.timeoutMs);
      return { killed, ended: UNSURE.has(status) && !child.spent() ? "unsure" : "surely" };
    }
    killed.push(answer[0] !== 0 || talk.written() - written > FLOOD_BYTES);
    written = talk.written();
  }
  return { killed, ended: null };
}
