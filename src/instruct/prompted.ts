// The teacher that asks a model: a prompt of the set for each record, an answer of the engine, fields or a reason out of it.
// Everything drawn (difficulty, block of examples, the model's own seed, what is published of a response) depends on the
// run's seed and the record's key only.
// Method: Self-OSS-Instruct, https://github.com/bigcode-project/starcoder2-self-align
import { uniforms } from "../core/random.js";
import type { Seed } from "../core/record.js";
import type { Completion, GenerateRequest, Prompt, Unanswered } from "../engine/engine.js";
import { NO_TRANSCRIPT } from "../engine/replay.js";
import { answered, type Answered, type CompletionRow } from "./completions.js";
import type { Taught } from "./docstring.js";
import { DIFFICULTIES, type Difficulty } from "./examples.js";
import { parseConcepts, parseInstruction, parseResponse, type Parsed } from "./parse.js";
import type { PromptSet, StepFields } from "./prompts.js";
import type { Rounds } from "./rounds.js";
import { sanitise } from "./sanitise.js";
import { made, type Answers, type Step, type Teacher } from "./stage.js";

/** How answers are drawn. */
export interface Sampling extends Rounds {
  readonly temperature: number;
  readonly topP: number;
  /** Most new tokens of an answer. */
  readonly maxTokens: number;
}

export interface PromptedOptions {
  /** Engine's identity: who is said to have written the rows. */
  readonly model: string;
  readonly ask: (request: GenerateRequest) => Promise<Completion | Unanswered>;
  readonly prompts: PromptSet;
  readonly sampling: Sampling;
  /** Of the run. */
  readonly seed: number;
}

/** Seeds that servers take: below 2^31. */
const SEEDS = 2 ** 31;

/** A teacher on an engine and a prompt set. */
export function promptedTeacher({ model, ask, prompts, sampling, seed }: PromptedOptions): Teacher {
  const { temperature, topP, maxTokens } = sampling;

  /** Puts a record's fields to the model. */
  async function put<S extends Step>(
    step: S,
    { record, key, index, journal }: Item,
    fields: StepFields[S],
  ): Promise<Put> {
    const block = Math.floor(uniforms(seed, `block:${step}:${record.key}`)() * prompts.blocks[step]);
    const rendered = prompts.render(step, fields, block);
    const prompt = promptText(rendered);
    const request: GenerateRequest = {
      key,
      prompt,
      ...(typeof rendered === "string" ? {} : { messages: rendered }),
      about: `${step} ${record.provenance.path} ${record.entryPoint} ${index}`,
      temperature,
      topP,
      maxTokens,
      stop: prompts.stop,
      seed: Math.floor(uniforms(seed, `model:${key}`)() * SEEDS),
    };
    return { prompt, ...(await answered(step, request, journal, ask)) };
  }

  return {
    rounds: sampling,
    async concepts(record, key, journal) {
      const { answer, beside } = await put(
        "concepts",
        { record, key, index: 0, journal },
        { snippet: record.seed },
      );
      const read = readAnswer(answer, parseConcepts, ({ concepts }) => ({ concepts, model }));
      return { ...made("concepts", record, key, read), beside };
    },
    async instructions(record, key, journal) {
      const difficulty = drawnDifficulty(seed, record.key);
      const { concepts } = record;
      const { answer, beside } = await put(
        "instructions",
        { record, key, index: 0, journal },
        { concepts, difficulty },
      );
      const read = readAnswer(answer, parseInstruction, ({ instruction }) => ({
        instruction,
        difficulty,
        prompt: null,
      }));
      return { ...made("instructions", record, key, read), beside };
    },
    async responses(record, key, index, journal) {
      const { instruction } = record;
      const { prompt, answer, beside } = await put(
        "responses",
        { record, key, index, journal },
        { instruction },
      );
      if (index > 0 && "reason" in answer && answer.reason === NO_TRANSCRIPT) return null;
      const read = readAnswer(answer, parseResponse, (parts) => ({
        ...sanitise(parts, instruction, { key, seed }),
        asked: instruction,
        prompt,
        entryPoint: parts.entryPoint,
        calls: [],
        dropped: {},
        group: record.key,
        index,
      }));
      return { ...made("responses", record, key, read), beside };
    },
  };
}

/** What a prompt is about. */
interface Item {
  readonly record: Seed;
  /** Of the row that the answer may become. */
  readonly key: string;
  readonly index: number;
  readonly journal: Answers;
}

interface Put extends Answered {
  readonly prompt: string;
}

/** What a row gets of an answer, or why there is no row. */
function readAnswer<Read, Fields>(
  answer: CompletionRow,
  parse: (text: string) => Parsed<Read>,
  use: (read: Read) => Fields,
): Taught<Fields, string> {
  if ("reason" in answer) return { reason: answer.reason, detail: answer.detail };
  if (answer.finish !== "stop")
    return { reason: "truncated", detail: `cut off after ${answer.newTokens ?? "its most"} tokens` };
  const read = parse(answer.text);
  return "fields" in read ? { fields: use(read.fields) } : read;
}

function drawnDifficulty(seed: number, key: string): Difficulty {
  const at = Math.floor(uniforms(seed, `difficulty:${key}`)() * DIFFICULTIES.length);
  return DIFFICULTIES[at] ?? "medium";
}

/** A conversation written out: what is kept of a prompt, and what an engine without a chat API goes on from. */
function promptText(prompt: Prompt): string {
  if (typeof prompt === "string") return prompt;
  return prompt.map(({ role, content }) => `[${role}]\n${content}`).join("\n\n");
}
