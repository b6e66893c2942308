// What a caller may say of a verification: defaults, and what is refused before anything is opened.
import { availableParallelism } from "node:os";
import { InputError } from "../core/errors.js";
import type { Draw } from "../core/progress.js";
import { SANDBOX_CHOICES, type openSandbox, type SandboxChoice } from "../sandbox/open.js";
import { MODES, type ModeChoice } from "./judge.js";

export interface VerifyOptions {
  /** `native`, `pyodide`, or `auto` (default): the best that this machine has. */
  readonly sandbox?: string;
  /** `split`, `one-world`, or `auto` (default): split wherever the program can be judged so. */
  readonly mode?: string;
  /** Time for one program, default 10,000. */
  readonly timeoutMs?: number;
  /** Programs judged at the same time; default: what the machine has room for. */
  readonly workers?: number;
  /** One-point mutants tried on each row that passes; default 0. The stub is always tried. */
  readonly mutants?: number;
  /** Top-level modules allowed beside the standard library's; default none. */
  readonly allowImports?: readonly string[];
  /** Python of the native sandbox; default: the one that is found. */
  readonly python?: string;
  /** Where progress is drawn; default nowhere. */
  readonly draw?: Draw;
  /** Stops the work; what was finished is kept. Default: SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
  /** Opens the sandbox; injected by tests. */
  readonly open?: typeof openSandbox;
}

/** The options that are checked here, with their defaults. */
export interface VerifySettings {
  readonly sandbox: SandboxChoice;
  readonly mode: ModeChoice;
  readonly timeoutMs: number;
  readonly mutants: number;
  /** Sorted, none twice. */
  readonly allowImports: readonly string[];
  /** Rows in work at the same time: enough that no worker waits for the next one. */
  readonly concurrency: number;
}

/** @throws InputError for values that mean nothing. */
export function settingsOf(options: VerifyOptions): VerifySettings {
  const { sandbox = "auto", mode = "auto", timeoutMs = 10_000, mutants = 0, allowImports = [] } = options;
  const { workers = Math.min(8, availableParallelism()) } = options;
  checkWhole("timeout in milliseconds", timeoutMs, 1, 3_600_000);
  checkWhole("workers", workers, 1, 256);
  checkWhole("mutants", mutants, 0, 1_000);
  const wrong = allowImports.find((name) => !/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name));
  if (wrong !== undefined)
    throw new InputError(`allowed import "${wrong}" is not a top-level module: give names such as numpy`);
  return {
    sandbox: oneOf("sandbox", sandbox, SANDBOX_CHOICES),
    mode: oneOf("mode", mode, MODES),
    timeoutMs,
    mutants,
    allowImports: [...new Set(allowImports)].sort(),
    concurrency: 2 * workers,
  };
}

function oneOf<T extends string>(what: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each === value);
  if (found !== undefined) return found;
  throw new InputError(`${what} "${value}" does not exist: choose from ${known.join(", ")}`);
}

function checkWhole(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new InputError(`${what} must be a whole number from ${least} to ${most}, not "${value}"`);
}
