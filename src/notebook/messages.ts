// What the runner and the child that executes cells say to each other, over Node's IPC channel. A cell's code goes in;
// outputs come back one by one, then `done`. Everything is JSON.
import type { ErrorOutput, Output } from "./nbformat.js";

/** From the runner to the child: one cell to run, or no more cells, or that the run is to stop. */
export type ToChild =
  | { readonly type: "run"; readonly code: string }
  | { readonly type: "finish" }
  | { readonly type: "interrupt" };

/** From the child to the runner. */
export type FromChild =
  | { readonly type: "ready" }
  | { readonly type: "output"; readonly output: Output; readonly displayId: string | null }
  /** New content for every output that was shown under this id. */
  | { readonly type: "update"; readonly output: Output; readonly displayId: string | null }
  /** The running cell is over: why it failed, and the names that cells have declared so far. */
  | { readonly type: "done"; readonly failure: ErrorOutput | null; readonly names: readonly string[] }
  /** A failure that surfaced after the last cell, e.g. a rejection that nobody awaited. */
  | { readonly type: "late"; readonly failure: ErrorOutput };

/** Set in the child's environment, so that code in a cell knows that no browser looks on. */
export const headlessVariable = "SELFALIGN_HEADLESS";
