// LoRA: a model's weights are frozen, and beside some of its projections two thin matrices learn what is added to them,
// B A x * alpha / rank. Works for every model and loss that takes its projections from `project`. Names, shapes and first
// numbers are those of Hugging Face's PEFT, so that what was learned is its adapter file.
// Source: https://arxiv.org/abs/2106.09685 and https://github.com/huggingface/peft, tuners/lora
import { InputError } from "../core/errors.js";
import { add, scale } from "../grad/elementwise.js";
import { linear } from "../grad/matmul.js";
import type { Parameter } from "../grad/parameters.js";
import { frozenBase, type BaseType } from "./frozen.js";
import type { ReadWeight } from "./pretrained.js";
import type { Tensors } from "./store.js";
import type { Building, Trainable } from "./trainable.js";

/** Every projection; else those whose names are one of these or end with `.` and one of these. */
export type Targets = "all-linear" | readonly string[];

export interface Lora {
  /** Rows of A. */
  readonly rank: number;
  /** What is added counts alpha / rank. */
  readonly alpha: number;
  /** Share of A's input that is dropped while learning. */
  readonly dropout: number;
  readonly targets: Targets;
}

/** Defaults but for the targets, which depend on the model. */
export const LORA = { rank: 8, alpha: 16, dropout: 0 } as const;

/** Which projections have adapters unless told otherwise, by `model_type`: attention's queries and values. */
export const TARGETS: Readonly<Record<string, readonly string[]>> = {
  t5: ["q", "v"],
  bart: ["q_proj", "v_proj"],
  gpt2: ["c_attn"],
  starcoder2: ["q_proj", "v_proj"],
};

/** An adapted projection. */
export interface Adapter {
  readonly weight: Parameter;
  /** [rank, in] and [out, rank] */
  readonly a: Parameter;
  readonly b: Parameter;
}

const PREFIX = "base_model.model.";
const WEIGHT = ".weight";

/** The adapters of a model's projections. @throws InputError for a target that is no projection of it, and for a bad rank. */
export function adaptersOf(parameters: readonly Parameter[], { rank, dropout, targets }: Lora): Adapter[] {
  if (!Number.isSafeInteger(rank) || rank < 1)
    throw new InputError(`a rank of ${rank} can't be; give a whole number above 0`);
  if (!(dropout >= 0 && dropout < 1))
    throw new InputError(`a dropout of ${dropout} can't be; give a number from 0 to below 1`);
  const projections = parameters.filter(({ projection }) => projection !== undefined);
  const fits = (weight: Parameter, target: string): boolean => `.${moduleOf(weight)}`.endsWith(`.${target}`);
  const chosen =
    targets === "all-linear"
      ? projections
      : projections.filter((weight) => targets.some((target) => fits(weight, target)));
  const stray =
    targets === "all-linear" ? [] : targets.filter((one) => !chosen.some((weight) => fits(weight, one)));
  if (stray.length > 0 || chosen.length === 0) {
    const last = new Set(projections.map((weight) => moduleOf(weight).split(".").at(-1)));
    throw new InputError(
      `the model has no projection "${stray.join('", "')}"; choose from ${[...last].join(", ")}`,
    );
  }
  return chosen.map((weight) => adapterOf(weight, rank));
}

/** Name of a projection. */
export function moduleOf({ name }: Parameter): string {
  return name.slice(0, -WEIGHT.length);
}

function adapterOf(weight: Parameter, rank: number): Adapter {
  const [first = 0, second = 0] = weight.dims;
  const [from, outer] = weight.projection === "in-out" ? [first, second] : [second, first];
  const named = (which: string, dims: readonly number[], bound: number): Parameter => ({
    name: `${PREFIX}${moduleOf(weight)}.lora_${which}${WEIGHT}`,
    dims,
    initial: bound === 0 ? { kind: "constant", value: 0 } : { kind: "uniform", bound },
    decayed: true,
  });
  // Kaiming's bound for a slope of the root of 5, https://arxiv.org/abs/1502.01852: the root of 6 / ((1 + 5) in).
  return { weight, a: named("A", [rank, from], from ** -0.5), b: named("B", [outer, rank], 0) };
}

/** Learns adapters of what would be learned, whose own weights `read` gives and which stay as they are. */
export function lora(
  trainable: Trainable,
  read: ReadWeight,
  options: Lora,
  base: BaseType = "fp32",
): Trainable {
  const adapters = adaptersOf(trainable.parameters, options);
  const { frozen, building: frozenIn } = frozenBase(trainable.parameters, read, base);
  return {
    parameters: adapters.flatMap(({ a, b }) => [a, b]),
    frozen: [...(trainable.frozen ?? []), ...frozen],
    loss: (building, weights) =>
      trainable.loss(adapted(frozenIn(building), building.parameter, adapters, options), weights),
  };
}

/** A model's projections with what the adapters add; `learned` gives their numbers. */
function adapted(
  building: Building,
  learned: Building["parameter"],
  adapters: readonly Adapter[],
  { rank, alpha, dropout }: Lora,
): Building {
  const { tape, drop, project } = building;
  const byModule = new Map(adapters.map((adapter) => [moduleOf(adapter.weight), adapter]));
  return {
    ...building,
    project(x, name) {
      const own = project(x, name);
      const adapter = byModule.get(name);
      if (adapter === undefined) return own;
      const thin = linear(tape, drop(x, dropout), learned(adapter.a.name), { outFirst: true });
      const added = linear(tape, thin, learned(adapter.b.name), { outFirst: true });
      return add(tape, own, scale(tape, added, alpha / rank));
    },
  };
}

/** A projection's weight with what its adapter adds, as it lies: W + B A * alpha / rank. */
export function merged(
  weight: Float32Array,
  { weight: { projection, dims }, a, b }: Adapter,
  learned: Tensors,
  { rank, alpha }: Lora,
): Float32Array {
  const [A, B] = [a, b].map(({ name }) => learned.get(name)?.data);
  if (A === undefined || B === undefined)
    throw new InputError(`the adapter has no "${a.name}" or "${b.name}"; load it whole`);
  const turned = projection === "in-out";
  const columns = dims[1] ?? 0;
  const from = turned ? (dims[0] ?? 0) : columns;
  return weight.map((value, at) => {
    const [first, second] = [Math.floor(at / columns), at % columns];
    const [row, column] = turned ? [second, first] : [first, second];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += (B[row * rank + k] ?? 0) * (A[k * from + column] ?? 0);
    return value + (sum * alpha) / rank;
  });
}
