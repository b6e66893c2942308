// The backends that this machine has, for tests that hold for each. The native one is left out, with a message, where it can't be.
import os from "node:os";
import path from "node:path";
import { findNative, openNative } from "../../src/sandbox/native.js";
import { openPyodide } from "../../src/sandbox/pyodide.js";
import type { JudgingSandbox } from "../../src/sandbox/sandbox.js";

export const cacheDir = path.join(os.tmpdir(), "selfalign-test-cache");

export interface Backend {
  readonly backend: string;
  readonly open: (options?: {
    workers?: number;
    timeoutMs?: number;
    memoryMb?: number;
  }) => Promise<JudgingSandbox>;
  /** Words that the command lines of its processes contain. */
  readonly processes: string;
}

const pyodide: Backend = {
  backend: "pyodide",
  open: ({ workers = 2, timeoutMs = 5_000, memoryMb = 512 } = {}) =>
    openPyodide({ workers, timeoutMs, memoryMb, cacheDir }),
  processes: "child.js",
};

const native: Backend = {
  backend: "native",
  open: ({ workers = 2, timeoutMs = 5_000, memoryMb = 512 } = {}) =>
    openNative({ workers, timeoutMs, memoryMb }),
  processes: "bubblewrap",
};

const needed = findNative();
/** Whether the native sandbox can be tested here. */
export const hasNative = "found" in needed;
if ("missing" in needed) console.warn(`skipped: the native sandbox, since ${needed.missing}`);

export const backends: readonly Backend[] = hasNative ? [pyodide, native] : [pyodide];
