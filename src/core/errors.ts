// The errors that callers catch by type: a mistake of the person at the keyboard, and a run that was asked to stop; and
// failures of the disk, told as the former.

/** Bad input: names the thing, what was expected and the next step. The command line prints the message and exits 2. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** The run was stopped from outside. Nothing is lost; the command line prints the message and exits 130. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

const DISK_PROBLEMS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the disk is read-only",
  EACCES: "access is denied",
  EIO: "the disk fails",
};

/** The error itself, but a failure of the disk as what it is: everything is resumable. `what` failed, e.g. `writing the run failed`. */
export function explained(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  const problem = DISK_PROBLEMS[String(error.code)];
  if (problem === undefined) return error;
  return new InputError(
    `${what}: ${problem} (${error.message}). What was finished is kept; mend it and run the same command again`,
    { cause: error },
  );
}
