// The cache of rows that go one step at a time: a slot for each, of the same length, changed in place by a graph such as
// that of step.ts. It stays with the runtime. A slot takes memory as it is filled.
import type { Kept } from "../onnx/kept.js";
import type { Feeds, Session } from "../onnx/session.js";
import type { Tensor } from "../onnx/tensor.js";
import type { Architecture } from "./architecture.js";
import { cacheNames } from "./graphs.js";
import { rowFeeds, type Decoding, type RowInput } from "./run.js";
import type { Format } from "./weights.js";

/** A session whose graph changes a cache of these measures in place. */
export interface Stepping {
  readonly session: Session;
  readonly model: Pick<Architecture, "layers" | "kvHeads" | "headDim" | "positions">;
  readonly format: Pick<Format, "activations">;
}

/** What a row asks of one step. */
export type StepInput = Omit<RowInput, "from" | "limit">;

export interface StepOutput {
  /** One for each row. */
  readonly tokens: readonly number[];
  readonly highest: readonly number[];
}

/** Outputs that are read after each step, [rows, width], by their names. */
export type Answers = Readonly<Record<string, { readonly type: Tensor["type"]; readonly width: number }>>;

export interface Slots {
  /** Tokens that a slot has room for. */
  length(): number;
  /** Makes room for so many tokens in each; the first slots, which have so many in use each, keep them. */
  reserve(tokens: number, used: readonly number[]): Promise<void>;
  /** One step for so many rows, in the slots from `first` on. */
  run(
    feeds: Feeds,
    rows: number,
    first: number,
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, Tensor>>>;
  /** Copies so many tokens of a slot into another. */
  copy(from: number, into: number, tokens: number): void;
  release(): void;
}

/** Slots whose steps draw tokens. */
export interface DrawingSlots extends Omit<Slots, "run"> {
  run(rows: readonly StepInput[], first: number, signal?: AbortSignal): Promise<StepOutput>;
}

/** The slots that ran last, as the graph is fed and gives them; how to name them is worked out once. */
interface Window {
  readonly first: number;
  readonly rows: number;
  readonly kept: readonly Kept[];
  readonly past: Readonly<Record<string, Kept>>;
  readonly into: Readonly<Record<string, Kept>>;
}

/** Lengths are multiples of this, and when more is needed it is by this factor at least: each time all is copied. */
const STEP = 64;
const GROWTH = 1.25;

/** Slots for the graph of step.ts. */
export function newSlots(decoding: Decoding, count: number): DrawingSlots {
  const drawn = { tokens: { type: "int64", width: 1 }, highest: { type: "float32", width: 1 } } as const;
  const slots = slotsFor(decoding, count, drawn);
  return {
    ...slots,
    async run(rows, first, signal) {
      const given = await slots.run(rowFeeds(rows, 1), rows.length, first, signal);
      return {
        tokens: Array.from(given["tokens"]?.data as BigInt64Array, Number),
        highest: [...(given["highest"]?.data as Float32Array)],
      };
    },
  };
}

/** Slots for any graph whose steps write over `past_key_values.*`. */
export function slotsFor({ session, model, format }: Stepping, count: number, answers: Answers): Slots {
  const names = cacheNames(model.layers);
  let length = 0;
  let parts: Kept[] = [];
  /** Where the answers are written, over and over. */
  let drawn: Kept[] = [];
  let window: Window | null = null;

  const closeWindow = (): void => {
    session.release(window?.kept ?? []);
    window = null;
  };
  const windowOf = (first: number, rows: number): Window => {
    if (window?.first === first && window.rows === rows) return window;
    closeWindow();
    const kept = session.rows([...parts, ...drawn], first, first + rows);
    const named = (all: readonly string[]): Readonly<Record<string, Kept>> =>
      Object.fromEntries(all.map((name, at) => [name, kept[at] as Kept]));
    const into = named([...names.present, ...Object.keys(answers)]);
    return (window = { first, rows, kept, past: named(names.past), into });
  };

  return {
    length: () => length,
    async reserve(tokens, used) {
      if (tokens <= length) return;
      const wanted = Math.ceil(Math.max(tokens, GROWTH * length) / STEP) * STEP;
      const longer = Math.max(tokens, Math.min(wanted, model.positions));
      closeWindow();
      if (drawn.length === 0)
        for (const { type, width } of Object.values(answers))
          drawn.push(await session.zeros(type, [count, width]));
      for (let at = 0; at < names.past.length; at++) {
        const before = parts[at];
        const part = await session.zeros(format.activations, [count, model.kvHeads, longer, model.headDim]);
        parts[at] = part;
        if (before === undefined) continue;
        for (const [slot, own] of used.entries()) session.copyRow([before], slot, [part], slot, own);
        session.release([before]);
      }
      length = longer;
    },
    async run(feeds, rows, first, signal) {
      const { past, into } = windowOf(first, rows);
      const how = { into, fetch: Object.keys(answers), transfer: true, signal };
      return (await session.runKeeping({ ...feeds, ...past }, [], how)).outputs;
    },
    copy(from, into, tokens) {
      session.copyRow(parts, from, parts, into, tokens);
    },
    release() {
      closeWindow();
      session.release([...parts, ...drawn]);
      [parts, drawn, length] = [[], [], 0];
    },
  };
}
