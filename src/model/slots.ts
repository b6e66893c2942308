// The cache of rows that go one step at a time: a slot for each, of the same length, changed in place by the graph of
// step.ts. It stays with the runtime. A slot takes memory as it is filled.

import type { Kept } from "../onnx/kept.js";
import { cacheNames } from "./graphs.js";
import { rowFeeds, type Decoding, type RowInput } from "./run.js";

/** What a row asks of one step. */
export type StepInput = Omit<RowInput, "from" | "limit">;

export interface StepOutput {
  /** One for each row. */
  readonly tokens: readonly number[];
  readonly highest: readonly number[];
}

export interface Slots {
  /** Tokens that a slot has room for. */
  length(): number;
  /** Makes room for so many tokens in each; the first slots, which have so many in use each, keep them. */
  reserve(tokens: number, used: readonly number[]): Promise<void>;
  /** One step for the rows in the slots from `first` on. */
  run(rows: readonly StepInput[], first: number, signal?: AbortSignal): Promise<StepOutput>;
  /** Copies so many tokens of a slot into another. */
  copy(from: number, into: number, tokens: number): void;
  release(): void;
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

export function newSlots({ session, model, format }: Decoding, count: number): Slots {
  const names = cacheNames(model.layers);
  const answers = { tokens: "int64", highest: "float32" } as const;
  let length = 0;
  let parts: Kept[] = [];
  /** What is drawn, over and over. */
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
        for (const type of Object.values(answers)) drawn.push(await session.zeros(type, [count, 1]));
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
    async run(rows, first, signal) {
      const { past, into } = windowOf(first, rows.length);
      const how = { into, fetch: Object.keys(answers), transfer: true, signal };
      const { outputs: given } = await session.runKeeping({ ...rowFeeds(rows, 1), ...past }, [], how);
      return {
        tokens: Array.from(given["tokens"]?.data as BigInt64Array, Number),
        highest: [...(given["highest"]?.data as Float32Array)],
      };
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
