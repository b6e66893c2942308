// What a model is taught to answer: prompts and responses, from the file that `export` writes (or any of its layouts), as
// tokens. A response ends with the model's end token, which is learned, too. What won't do is left out and counted.
import { access } from "node:fs/promises";
import { InputError } from "../core/errors.js";
import { readRows } from "../core/files.js";
import { isRecord } from "../core/json.js";
import { parseTemplate, TRAINING_TEMPLATE, type Template } from "../dataset/template.js";
import type { Tokenizer } from "../model/tokenizer.js";

/** Why a row teaches nothing. */
export const LESSON_PROBLEMS = ["not-understood", "several-turns", "no-response", "too-long"] as const;
export type LessonProblem = (typeof LESSON_PROBLEMS)[number];

/** What is asked and what is to be answered, as text. */
export interface Exchange {
  readonly prompt: string;
  readonly response: string;
}

/** The same as tokens. */
export interface Lesson {
  readonly prompt: readonly number[];
  readonly response: readonly number[];
}

/**
 * A row as an exchange: `messages` of one question and one answer, which a template lays out, or `prompt` and `completion`
 * as they are. One text has no response apart from its prompt, and is not understood.
 */
export function exchangeOf(row: unknown, template: Template): Exchange | LessonProblem {
  if (!isRecord(row)) return "not-understood";
  const { messages, prompt, completion } = row;
  if (typeof prompt === "string" && typeof completion === "string")
    return completion === "" ? "no-response" : { prompt, response: completion };
  if (!Array.isArray(messages)) return "not-understood";
  const [question, answer, ...more] = messages.map((message: unknown) => messageOf(message));
  if (question?.role !== "user" || answer?.role !== "assistant") return "not-understood";
  if (more.length > 0) return "several-turns";
  if (answer.content === "") return "no-response";
  return { prompt: template.prompt(question.content), response: template.completion(answer.content) };
}

function messageOf(message: unknown): { readonly role: string; readonly content: string } | null {
  if (!isRecord(message)) return null;
  const { role, content } = message;
  return typeof role === "string" && typeof content === "string" ? { role, content } : null;
}

export interface LessonOptions {
  /** Most tokens of prompt and response together; for a model that reads one text and writes another, of each. */
  readonly context: number;
  /** Whether the model reads the prompt on a side of its own. Default false. */
  readonly twoSided?: boolean;
  /** Stands before texts of such a model; null: nothing does. Default null. */
  readonly begin?: number | null;
  /** Ends what is read there, and every response. */
  readonly end: number;
}

/** An exchange as tokens. Special tokens that are written in it are text. */
export function lessonOf(
  { prompt, response }: Exchange,
  { encode }: Pick<Tokenizer, "encode">,
  { context, twoSided = false, begin = null, end }: LessonOptions,
): Lesson | LessonProblem {
  const tokens = (text: string): number[] => encode(text, { specialAsText: true });
  const framed = (text: string): number[] => [...(begin === null ? [] : [begin]), ...tokens(text), end];
  const lesson = twoSided
    ? { prompt: framed(prompt), response: framed(response) }
    : { prompt: tokens(prompt), response: [...tokens(response), end] };
  const [asked, answered] = [lesson.prompt.length, lesson.response.length];
  const length = twoSided ? Math.max(asked, answered) : asked + answered;
  return length > context ? "too-long" : lesson;
}

export interface Lessons {
  readonly lessons: readonly Lesson[];
  /** Rows that were left out, by the reason. */
  readonly dropped: Readonly<Partial<Record<LessonProblem, number>>>;
}

/** Exchanges, or reasons why there is none, as tokens. */
export function lessonsOf(
  exchanges: Iterable<Exchange | LessonProblem>,
  tokenizer: Pick<Tokenizer, "encode">,
  options: LessonOptions,
): Lessons {
  const lessons: Lesson[] = [];
  const dropped: Partial<Record<LessonProblem, number>> = {};
  for (const exchange of exchanges) {
    const lesson = typeof exchange === "string" ? exchange : lessonOf(exchange, tokenizer, options);
    if (typeof lesson === "string") dropped[lesson] = (dropped[lesson] ?? 0) + 1;
    else lessons.push(lesson);
  }
  return { lessons, dropped };
}

/**
 * The lessons of a file of JSON lines, in its order.
 * @throws InputError where there is no such file, or nothing in it that can be taught.
 */
export async function readLessons(
  file: string,
  tokenizer: Pick<Tokenizer, "encode">,
  options: LessonOptions,
): Promise<Lessons> {
  await access(file).catch((cause: unknown) => {
    throw new InputError(`"${file}" can't be read: name a file that export has written`, { cause });
  });
  const template = parseTemplate(TRAINING_TEMPLATE);
  const exchanges: (Exchange | LessonProblem)[] = [];
  for await (const row of readRows<unknown>(file)) exchanges.push(exchangeOf(row, template));
  const { lessons, dropped } = lessonsOf(exchanges, tokenizer, options);
  if (lessons.length > 0) return { lessons, dropped };
  const why = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  throw new InputError(
    `${file} teaches nothing (${why.join(", ") || "no rows"}): export with the format messages or ` +
      "prompt-completion, or give a longer context",
  );
}
