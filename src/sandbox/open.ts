// Which sandbox judges on this machine: the native one where it is installed and keeps what it promises, else the embedded one.
import { availableParallelism } from "node:os";
import { InputError } from "../core/errors.js";
import { lazySandbox } from "./lazy.js";
import { findNative, openNative } from "./native.js";
import { probeSandbox } from "./probe.js";
import { openPyodide, pyodideIdentity } from "./pyodide.js";
import type { JudgingSandbox, Sandbox } from "./sandbox.js";

export const SANDBOX_CHOICES = ["native", "pyodide", "auto"] as const;
export type SandboxChoice = (typeof SANDBOX_CHOICES)[number];

export interface SandboxOptions {
  /** Default `auto`: native where it works, else pyodide. */
  readonly choice?: SandboxChoice;
  /** Processes. Default: as the backend sees fit for this machine. */
  readonly workers?: number | undefined;
  /** Wall time of a judgement in ms. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Memory of a world in MiB. Default 512. */
  readonly memoryMb?: number | undefined;
  /** Interpreter of the native sandbox instead of the system's, with its site-packages. */
  readonly python?: string | undefined;
  /**
   * With `auto`: the oldest Python that the programs run on, e.g. `[3, 14]`; an older interpreter is not chosen.
   * Default: any.
   */
  readonly atLeast?: readonly [number, number] | undefined;
  /** Told what takes a while, and why the native sandbox is not used. Default: nobody. */
  readonly onNotice?: (text: string) => void;
}

/**
 * Opens the chosen sandbox and, where it is the native one, tries hostile programs on it.
 * @throws InputError for `native` where it can't be used, and for options that contradict one another.
 */
export async function openSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { choice = "auto", python, onNotice = () => undefined } = options;
  if (!SANDBOX_CHOICES.includes(choice))
    throw new InputError(`sandbox '${choice}' does not exist: choose from ${SANDBOX_CHOICES.join(", ")}`);
  if (python !== undefined && choice === "pyodide")
    throw new InputError(
      `python '${python}' can't be used with the pyodide sandbox, which has its own: choose native`,
    );
  if (choice === "pyodide") return openPyodide(shared(options));
  const native = await tryNative(options);
  if (typeof native !== "string") return withObserver(native, options);
  // A named interpreter is a wish for the native sandbox.
  if (choice === "native" || python !== undefined)
    throw new InputError(`the native sandbox can't be used: ${native}; --sandbox pyodide works everywhere`);
  onNotice(`Sandbox: pyodide, not native: ${native}`);
  return openPyodide(shared(options));
}

function shared({
  workers,
  timeoutMs,
  memoryMb,
  onNotice,
}: SandboxOptions): Parameters<typeof openPyodide>[0] {
  return {
    ...(workers === undefined ? {} : { workers }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(onNotice === undefined ? {} : { onNotice }),
  };
}

/** The native sandbox, or why there is none. */
async function tryNative(options: SandboxOptions): Promise<JudgingSandbox | string> {
  const { workers = availableParallelism(), timeoutMs = 10_000, memoryMb = 512, python, atLeast } = options;
  const needed = findNative(python);
  if ("missing" in needed) return needed.missing;
  let sandbox: JudgingSandbox;
  try {
    sandbox = await openNative({ workers, timeoutMs, memoryMb, python });
  } catch (error) {
    if (error instanceof InputError) throw error;
    return error instanceof Error ? error.message : String(error);
  }
  const problem = tooOld(sandbox, atLeast) ?? (await probeSandbox(sandbox));
  if (problem === null) return sandbox;
  await sandbox.close();
  return problem;
}

function tooOld({ interpreter }: JudgingSandbox, atLeast: SandboxOptions["atLeast"]): string | null {
  if (atLeast === undefined) return null;
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(interpreter) ?? []).map(Number);
  const [wantedMajor, wantedMinor] = atLeast;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return null;
  return `the corpus needs Python ${wantedMajor}.${wantedMinor}, its interpreter is ${interpreter}`;
}

/** Observing needs a date and a hash seed that can be changed, which only the embedded backend has. */
function withObserver(native: JudgingSandbox, options: SandboxOptions): Sandbox {
  const observer = lazySandbox(pyodideIdentity(), () => openPyodide(shared(options)));
  return {
    ...native,
    observe: (job) => observer.observe(job),
    close: async () => {
      await Promise.all([native.close(), observer.close()]);
    },
  };
}
