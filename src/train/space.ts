// The settings that a sweep tries: a range for each name, and what is drawn from it. A draw depends on the seed, the trial and
// the name alone, so that another name or more trials change no other draw.
import { isRecord } from "../core/json.js";
import { InputError } from "../core/errors.js";
import { uniforms } from "../core/random.js";
import type { CausalRunOptions } from "./causalrun.js";

/** Some values; numbers evenly between two; or numbers whose logarithms are evenly between two's. */
export type Range =
  | readonly (number | string)[]
  | { readonly even: readonly [number, number] }
  | { readonly log: readonly [number, number] };

/** Ranges by the name of an option, or, as `config.NAME`, of a field of the model's config.json. */
export type Space = Readonly<Record<string, Range>>;

/** What one trial tries. */
export type Drawn = Readonly<Record<string, number | string>>;

/** Options of a run that a range may be given for; the others are the same for all trials, as what they are made of is. */
const OPTIONS = ["rate", "warmup", "schedule", "rows", "accumulation", "context"] as const;
const CONFIG = "config.";

/** What is most worth trying first. */
export const DEFAULT_SPACE: Space = { rate: { log: [3e-4, 1e-2] }, rows: [8, 16, 32], warmup: [10, 50, 200] };

/** A space as it may come from a file. @throws InputError naming what is none. */
export function spaceOf(value: unknown): Space {
  if (!isRecord(value) || Object.keys(value).length === 0)
    throw new InputError(
      'a space is an object of ranges by name, e.g. {"rate": {"log": [0.0003, 0.01]}, "config.n_layer": [2, 4]}',
    );
  for (const [name, range] of Object.entries(value)) {
    if (!name.startsWith(CONFIG) && !OPTIONS.some((option) => option === name))
      throw new InputError(
        `"${name}" can't be swept: choose from ${OPTIONS.join(", ")}, and config.NAME for a field of config.json`,
      );
    if (!isRange(range))
      throw new InputError(
        `range of "${name}" must be a list of values, {"even": [low, high]} or {"log": [low, high]} with 0 < low < high`,
      );
  }
  return value as Space; // every range was looked at
}

function isRange(range: unknown): range is Range {
  if (Array.isArray(range))
    return range.length > 0 && range.every((one) => typeof one === "number" || typeof one === "string");
  if (!isRecord(range) || Object.keys(range).length !== 1) return false;
  const ends = range["even"] ?? range["log"];
  if (!Array.isArray(ends) || ends.length !== 2 || !ends.every(Number.isFinite)) return false;
  const [low, high] = ends as [number, number];
  return low < high && (range["log"] === undefined || low > 0);
}

/** What trial number `trial` tries. Numbers have four digits, so that a table of them says all. */
export function drawTrial(space: Space, seed: number, trial: number): Drawn {
  const names = Object.keys(space).sort();
  return Object.fromEntries(
    names.map((name) => [name, draw(space[name] ?? [], uniforms(seed, `trial:${trial}:${name}`)())]),
  );
}

function draw(range: Range, uniform: number): number | string {
  if ("even" in range) return rounded(range.even[0] + uniform * (range.even[1] - range.even[0]));
  if ("log" in range) return rounded(range.log[0] * (range.log[1] / range.log[0]) ** uniform);
  return range[Math.floor(uniform * range.length)] ?? 0;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

/** Options with a trial's settings in them. `config` is the one that its fields go into. */
export function withDrawn(options: CausalRunOptions, config: object, drawn: Drawn): CausalRunOptions {
  const fields = Object.entries(drawn);
  const inConfig = fields.flatMap(([name, value]) =>
    name.startsWith(CONFIG) ? [[name.slice(CONFIG.length), value]] : [],
  );
  const direct = fields.filter(([name]) => !name.startsWith(CONFIG));
  return {
    ...options,
    ...(Object.fromEntries(direct) as CausalRunOptions), // names as spaceOf lets through
    config: { ...config, ...(Object.fromEntries(inConfig) as object) },
  };
}
