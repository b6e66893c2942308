// The contract of every sandbox backend: untrusted Python goes in, what happened comes out, and nothing else leaves.
// Each job but `kill` runs in a world of its own that is thrown away afterwards. A backend never throws for what the
// Python did; it throws only when the backend itself can't be started.

/**
 * Where code and tests run. `split`: in two worlds between which only plain data passes, so that code that cheats cannot
 * reach what judges it. `one-world`: in one interpreter, which every program can be judged in, but clever code can forge.
 */
export type Mode = "split" | "one-world";

/**
 * `passed`: everything ran and at least what was asked held. `failed`: an assert did not hold. `exit`: SystemExit before
 * the end. `unsupported` (split only): the tests do with the code's objects what can't be judged across two worlds.
 */
export type OutcomeStatus =
  "passed" | "failed" | "error" | "exit" | "timeout" | "memory" | "flood" | "unsupported" | "sandbox-error";

export interface Outcome {
  readonly status: OutcomeStatus;
  readonly mode: Mode;
  /**
   * Split only, else false: an object that is not plain data came out of the code's world, or the tests look at what the
   * worlds don't share (streams, files, random numbers, identity), so that an outcome other than `passed` may be due to
   * the two worlds.
   */
  readonly objects: boolean;
  /** Where it ended: while the code was being imported, or in the tests. */
  readonly stage: "code" | "tests";
  /** Asserts of `tests` that were reached and held. */
  readonly asserts: number;
  /** Calls of the entry point made by `tests` that returned. */
  readonly calls: number;
  /** `Type: text` of the exception, or for a failed assert its source and both values; addresses (`0x…`) normalised. */
  readonly message: string | null;
  /** Line of `code` (stage code) or of `tests` (stage tests) to blame, from 1. */
  readonly line: number | null;
}

export interface JudgeJob {
  readonly code: string;
  readonly tests: string;
  /** Function whose calls are counted. */
  readonly entryPoint: string;
  /** Default `one-world`. */
  readonly mode?: Mode;
}

/** A step of an observation: `setup` is executed, `call` is an expression whose value is wanted, `assert` must hold. */
export interface Step {
  readonly kind: "setup" | "call" | "assert";
  readonly source: string;
}

export interface ObserveJob {
  readonly code: string;
  readonly entryPoint: string;
  /** Run in order in one namespace that holds the code's names; a step that fails does not stop the next. */
  readonly steps: readonly Step[];
  /**
   * Default false. True: a world that differs in all that a pure function must not depend on: another hash seed,
   * another random seed, another date, another home and working folder. What comes back equal from both worlds may be frozen in a test.
   */
  readonly elsewhere?: boolean;
}

/**
 * `value`: the call returned plain data (None, bool, int, float, complex, str, bytes and lists, tuples, sets and
 * dicts of them) whose `literal` evaluates to an equal value of the same type; `opaque`: it returned something else;
 * `ok`: a setup or an assert went through; `failed`: an assert did not hold; `raised`: an exception; `too-long`: the
 * step budget (a count of Python events, so the same on every machine) ran out.
 */
export interface Observation {
  readonly status: "value" | "opaque" | "ok" | "failed" | "raised" | "too-long";
  /** Python source of the value, at most 2,000 characters (longer values are `opaque`). */
  readonly literal: string | null;
  /** Type name of an opaque value, or `Type: text` of an exception, addresses normalised. */
  readonly detail: string | null;
  /** Lines of `code` that the step went through, ascending. */
  readonly lines: readonly number[];
}

export interface Observed {
  /** How the world as a whole ended; anything but `passed` may leave fewer observations than steps. */
  readonly outcome: Outcome;
  readonly observations: readonly Observation[];
}

export interface KillJob {
  /** Variants of the code (stub, mutants). They share one warm world; a verdict never does. */
  readonly variants: readonly string[];
  readonly tests: string;
  readonly entryPoint: string;
  /** The code that the variants were made from: how many steps they may take is measured on it. */
  readonly original?: string;
}

/** Who judges. */
export interface SandboxIdentity {
  readonly backend: string;
  /** e.g. `CPython 3.14.2`. */
  readonly interpreter: string;
}

/** What every backend does. */
export interface JudgingSandbox extends SandboxIdentity {
  /** Imports the code, runs the tests, counts what held. */
  judge(job: JudgeJob): Promise<Outcome>;
  /** Per variant: true when the tests do not pass on it (a variant that hangs or dies is killed too). */
  kill(job: KillJob): Promise<readonly boolean[]>;
  close(): Promise<void>;
}

export interface Sandbox extends JudgingSandbox {
  /** Calls the code and reports what came back. */
  observe(job: ObserveJob): Promise<Observed>;
}
