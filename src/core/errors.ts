// The errors that callers catch by type: a mistake of the person at the keyboard, and a run that was asked to stop.

/** Bad input: names the thing, what was expected and the next step. The command line prints the message and exits 2. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** The run was stopped from outside. Nothing is lost; the command line prints the message and exits 130. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
