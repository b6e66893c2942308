// What the sandbox's parent and its child processes must agree on: the lines they exchange, the layout of the snapshot
// file and the harness's files. No behaviour here, so that the child loads nothing of the parent's.

/** Python files of the harness that judge, on every backend. */
export const JUDGING_FILES = [
  "instrument.py",
  "harness.py",
  "codec.py",
  "serve.py",
  "remote.py",
  "standins.py",
  "confront.py",
] as const;

/** Python files of the harness, in the order in which they are executed in its one namespace. */
export const HARNESS_FILES = [...JUDGING_FILES, "loop.py", "budget.py", "literals.py", "trials.py"] as const;

/** Script that runs first in every realm. */
export const INSIDE_FILE = "realm-inside.js";

/** Ahead of the snapshot in its file: its length (8 bytes, little-endian) and its sha256 (32). */
export const SNAPSHOT_HEADER_BYTES = 40;

/** Descriptor of the child on which the snapshot file is open. */
export const SNAPSHOT_DESCRIPTOR = 3;

/** Exit status by which the harness gives a world up that swallowed the end of its step budget. */
export const GAVE_UP = 77;

/** Verbs of the harness. `confront` is called in the world of the tests, which asks the other one with `serve`. */
export type Verb = "load" | "test" | "watch" | "step" | "prepare" | "variant" | "host" | "confront";

/** A line from the parent: a verb to call in the present world, or `fresh`, to drop it and boot the next. */
export type Order = { readonly verb: Verb; readonly text: string } | { readonly fresh: true };

/** A line to the parent. */
export type Answer = Ready | Fresh | Reply;

/** The first world is booted. */
export interface Ready {
  /** Version of the interpreter, e.g. `3.14.2`. */
  readonly ready: string;
  /** The child's own process id (its parent knows the shell's). */
  readonly pid: number;
}

/** The next world is booted. */
export interface Fresh {
  readonly fresh: true;
}

export interface Reply {
  /** The harness's JSON text, or `!exit N`, `!died`, `!no reply` from the realm. */
  readonly reply: string;
  /** Bytes that the program wrote to its standard streams so far. */
  readonly written: number;
}
