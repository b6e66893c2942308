// How many rows go at a time: from the memory that is free, and what a row's cache and logits take.
import { spawnSync } from "node:child_process";
import os from "node:os";
import type { Architecture } from "./architecture.js";
import { CANDIDATES } from "./sampling.js";
import type { Format } from "./weights.js";

/** More rows bring nothing on any machine that was measured. */
const MOST = 64;
/** Share of free memory that is planned with. */
const SHARE = 0.7;
/**
 * Caches in memory at a time: the looped graph holds the one it reads and the one it writes, and the runtime keeps some more for
 * the next; the graph of one step changes one in place, and makes a part of it anew when it grows.
 */
const COPIES = { decode: 2.5, step: 1.25 } as const;

/** Bytes of keys and values for one token. */
export function cacheBytes({ layers, kvHeads, headDim }: Architecture, { activations }: Format): number {
  return 2 * layers * kvHeads * headDim * (activations === "float16" ? 2 : 4);
}

/** Rows of up to `tokens` tokens each that fit into the bytes that are free once the model is loaded; at least 1. */
export function batchSizeFor(
  model: Architecture,
  format: Format,
  graph: keyof typeof COPIES,
  tokens: number,
  free: number,
): number {
  const logits = 4 * (3 * model.vocabulary + 8 * CANDIDATES);
  const row = COPIES[graph] * tokens * cacheBytes(model, format) + logits;
  return Math.max(1, Math.min(MOST, Math.floor((SHARE * free) / row)));
}

/** Bytes that are free: of the first graphics card, by nvidia-smi, or of this machine. */
export function freeBytes(device: "cpu" | "cuda" | "webgpu"): number {
  if (device === "cuda") {
    const query = ["--query-gpu=memory.free", "--format=csv,noheader,nounits"];
    const mebibytes = Number.parseInt(spawnSync("nvidia-smi", query, { encoding: "utf8" }).stdout, 10);
    if (Number.isFinite(mebibytes)) return mebibytes * 2 ** 20;
  }
  return os.freemem();
}
