// Lessons on their two sides, training and validation: drawn where they come from one file, kept where they come apart.
import { createHash } from "node:crypto";
import { InputError } from "../core/errors.js";
import { shuffled, uniforms } from "../core/random.js";
import type { Tokenizer } from "../model/tokenizer.js";
import {
  lessonsOf,
  type Exchange,
  type Lesson,
  type LessonOptions,
  type LessonProblem,
  type Lessons,
} from "./lessons.js";

/** Exchanges whose sides are known. */
export interface Exchanges {
  readonly training: readonly Exchange[];
  readonly validation: readonly Exchange[];
}

export interface LessonSides {
  readonly training: readonly Lesson[];
  readonly validation: readonly Lesson[];
  readonly dropped: Lessons["dropped"];
  /** sha256 of all lessons. */
  readonly digest: string;
}

/** Keeps a share of the lessons for validation, drawn by the seed. */
export function splitLessons(
  { lessons, dropped }: Lessons,
  { seed, validation }: { readonly seed: number; readonly validation: number },
): LessonSides {
  const kept = Math.floor(validation * lessons.length);
  const order = shuffled(lessons, uniforms(seed, "validation"));
  const sides = { training: order.slice(kept), validation: order.slice(0, kept) };
  return { ...sides, dropped, digest: digestOf(lessons) };
}

/** Lessons of exchanges whose sides are known. @throws InputError where none is to be learned. */
export function lessonSides(
  exchanges: Exchanges,
  tokenizer: Pick<Tokenizer, "encode">,
  options: LessonOptions,
): LessonSides {
  const training = lessonsOf(exchanges.training, tokenizer, options);
  const validation = lessonsOf(exchanges.validation, tokenizer, options);
  if (training.lessons.length === 0)
    throw new InputError(
      `none of ${exchanges.training.length} exchanges is of at most ${options.context} tokens: give a longer context`,
    );
  const dropped: Partial<Record<LessonProblem, number>> = { ...training.dropped };
  for (const problem of Object.keys(validation.dropped) as LessonProblem[])
    dropped[problem] = (dropped[problem] ?? 0) + (validation.dropped[problem] ?? 0);
  const sides = { training: training.lessons, validation: validation.lessons };
  return { ...sides, dropped, digest: `${digestOf(sides.training)} ${digestOf(sides.validation)}` };
}

/** Piece by piece: all of them may be more than a string can hold. */
function digestOf(lessons: Iterable<Lesson>): string {
  const hash = createHash("sha256");
  for (const lesson of lessons) hash.update(`${JSON.stringify(lesson)}\n`);
  return hash.digest("hex");
}
