// Beam search over any model: what may follow each hypothesis goes in, the hypotheses that go on come out, step by step, until
// each prompt has its best texts. Knows tokens and log-probabilities alone; a model is two functions (BeamModel). Draws
// nothing at random, so that the same model gives the same texts. One beam is greedy decoding.
// Decisions are those of transformers 5, so that outputs can be compared: a text that ends counts only where it is among the
// best `numBeams` continuations; scores are log-probability / length ** lengthPenalty, its stop token counted.
// Source: https://github.com/huggingface/transformers, generation/utils.py (_beam_search)
import { InputError } from "../core/errors.js";

/** What may follow a hypothesis: the likeliest tokens, best first. */
export interface Choices {
  readonly tokens: ArrayLike<number>;
  /** Natural logarithms. */
  readonly logProbabilities: ArrayLike<number>;
}

/** A hypothesis that goes on. */
export interface Branch {
  /** Its prompt, by the order in which these were given; branches of a prompt lie side by side. */
  readonly prompt: number;
  /** The hypothesis that it goes on from, by its place in the call before. */
  readonly parent: number;
  /** What it goes on with. */
  readonly token: number;
}

/** A model under search, with whatever it keeps of the hypotheses between steps. */
export interface BeamModel<Prompt> {
  /**
   * Lets prompts in, each of which will have up to `beams` branches; gives `count` choices for each (or all that there are),
   * now and in every step.
   */
  begin(prompts: readonly Prompt[], beams: number, count: number): Promise<readonly Choices[]>;
  /** One step: the choices of each branch. Prompts that have none any more have none later. */
  step(branches: readonly Branch[]): Promise<readonly Choices[]>;
  /** Forgets what was kept. */
  end(): void;
}

export interface BeamOptions {
  /** Hypotheses of a prompt that go on together; default 1, which is greedy decoding. */
  readonly numBeams?: number;
  /** Above 0 favours long texts, below 0 short ones; default 1. */
  readonly lengthPenalty?: number;
  /**
   * When a prompt is done: true, as soon as `numBeams` texts have ended; false, when no hypothesis as long as it is now can come
   * among them; "never", when none of any length can. Default false.
   */
  readonly earlyStopping?: boolean | "never";
  /** Texts that are given for a prompt, at most `numBeams`; default 1. */
  readonly numReturn?: number;
  /** Tokens that end a text. */
  readonly stopTokens: readonly number[];
  /** Whether a text ends with its last token, for what is no single token; default never. */
  readonly ends?: (tokens: readonly number[], prompt: number) => boolean;
  /** What every text must begin with, and what one must end with that reaches its limit; default nothing. */
  readonly forced?: { readonly first: number | null; readonly last: number | null };
}

/** A prompt, and how many tokens it may get. */
export interface BeamRequest<Prompt> {
  readonly prompt: Prompt;
  /** At least 1. */
  readonly maxTokens: number;
}

/** A text that was found. */
export interface Beam {
  /** Without a stop token. */
  readonly tokens: readonly number[];
  /** Of all its tokens, a stop token too. */
  readonly logProbability: number;
  /** The same over its length to the power of the length penalty. */
  readonly score: number;
  readonly ended: "stop" | "length";
}

/** A hypothesis under way. */
interface Running {
  /** Its place among the branches of the step before. */
  readonly row: number;
  readonly tokens: readonly number[];
  readonly logProbability: number;
}

/** How far a prompt's search is. */
interface Search {
  readonly prompt: number;
  /** Best first, as are the found. */
  readonly running: readonly Running[];
  readonly found: readonly Beam[];
  readonly done: boolean;
}

/** Refuses numbers that make no sense. @throws InputError */
export function checkBeams({
  numBeams = 1,
  numReturn = 1,
}: Pick<BeamOptions, "numBeams" | "numReturn">): void {
  for (const [what, value] of Object.entries({ numBeams, numReturn }))
    if (!Number.isInteger(value) || value < 1)
      throw new InputError(`${what} must be a whole number from 1, not "${value}"`);
  if (numReturn > numBeams)
    throw new InputError(
      `${numReturn} texts are wanted of ${numBeams} beams: take at least as many beams as texts`,
    );
}

/**
 * The best texts of each prompt, best first; all prompts go through the model together.
 * @throws InputError for options that make no sense.
 */
export async function beamSearch<Prompt>(
  model: BeamModel<Prompt>,
  requests: readonly BeamRequest<Prompt>[],
  options: BeamOptions,
): Promise<readonly (readonly Beam[])[]> {
  checkBeams(options);
  const { numBeams = 1, numReturn = 1, stopTokens } = options;
  // So many that numBeams of them go on even if every hypothesis may stop in every way.
  const count = Math.max(2, 1 + stopTokens.length) * numBeams;
  const all = requests.map((_, prompt): Search => {
    const start = { row: prompt, tokens: [], logProbability: 0 };
    return { prompt, running: [start], found: [], done: false };
  });
  let open = all;
  try {
    const prompts = requests.map(({ prompt }) => prompt);
    let choices = await model.begin(prompts, numBeams, count);
    for (let length = 1; open.length > 0; length++) {
      const moved = open.map((search) => {
        const limit = requests[search.prompt]?.maxTokens ?? 1;
        return advance(search, choices, { ...options, count, length, limit });
      });
      for (const search of moved) all[search.prompt] = search;
      const branches: Branch[] = [];
      open = moved
        .filter(({ done }) => !done)
        .map(({ prompt, running, ...search }) => ({
          ...search,
          prompt,
          running: running.map(({ row: parent, ...beam }) => {
            const row = branches.push({ prompt, parent, token: beam.tokens.at(-1) ?? 0 }) - 1;
            return { ...beam, row };
          }),
        }));
      if (open.length > 0) choices = await model.step(branches);
    }
  } finally {
    model.end();
  }
  return all.map(({ found }) => found.slice(0, numReturn));
}

/** A step of all prompts. */
interface Step extends BeamOptions {
  /** Continuations that are looked at. */
  readonly count: number;
  /** Tokens that every hypothesis has after the step, and those that it may have. */
  readonly length: number;
  readonly limit: number;
}

/** A prompt's search one token further. */
function advance(search: Search, choices: readonly Choices[], step: Step): Search {
  const { numBeams = 1, lengthPenalty = 1, earlyStopping = false, count, length, limit } = step;
  const next = search.running
    .flatMap(({ row, tokens, logProbability }) => {
      const own = forced(step) ?? choices[row] ?? { tokens: [], logProbabilities: [] };
      return Array.from(own.tokens, (token, at) => {
        const sum = logProbability + (own.logProbabilities[at] ?? -Infinity);
        return { row, before: tokens, token, logProbability: sum };
      });
    })
    .sort((a, b) => b.logProbability - a.logProbability)
    .slice(0, count)
    .map(({ before, token, ...beam }) => ({ ...beam, tokens: [...before, token] }))
    .map((beam) => ({ beam, ended: endOf(beam.tokens, search.prompt, step) }));
  const ending = next.slice(0, numBeams).flatMap(({ beam: { tokens, logProbability }, ended }) => {
    if (ended === null) return [];
    const score = logProbability / length ** lengthPenalty;
    const stopped = step.stopTokens.includes(tokens.at(-1) ?? -1);
    return { tokens: stopped ? tokens.slice(0, -1) : tokens, logProbability, score, ended };
  });
  const found = [...search.found, ...ending].sort((a, b) => b.score - a.score).slice(0, numBeams);
  const running = next.flatMap(({ beam, ended }) => (ended === null ? beam : [])).slice(0, numBeams);
  const reach = earlyStopping === "never" && lengthPenalty > 0 ? limit : length;
  const hope = (running[0]?.logProbability ?? -Infinity) / reach ** lengthPenalty;
  const full = found.length === numBeams;
  const done = full && (earlyStopping === true || hope <= (found.at(-1)?.score ?? -Infinity));
  return { prompt: search.prompt, running, found, done: done || running.length === 0 };
}

/** The one choice at a place where a token is forced: certain, whatever the model says. */
function forced({ forced, length, limit }: Step): Choices | null {
  const first = length === 1 ? forced?.first : null;
  const token = (length === limit ? forced?.last : null) ?? first ?? null;
  return token === null ? null : { tokens: [token], logProbabilities: [0] };
}

function endOf(tokens: readonly number[], prompt: number, step: Step): Beam["ended"] | null {
  if (step.stopTokens.includes(tokens.at(-1) ?? -1) || step.ends?.(tokens, prompt) === true) return "stop";
  return step.length === step.limit ? "length" : null;
}
