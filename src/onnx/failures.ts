// What ONNX Runtime's failures mean. In come its messages, which are all that it tells; out come errors that name the
// model: a missing file or device as the caller's to mend, lack of memory told from everything else.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { InputError } from "../core/errors.js";

export type Device = "cpu" | "cuda" | "webgpu";

/** A session that failed while it opened, ran or lived. */
export class SessionError extends Error {
  override readonly name = "SessionError";
  /**
   * True where there was too little memory, of the machine or of its device: less at a time may work, in a new session. The
   * old one runs on, but whatever it needs next it takes in a piece as large as the one that failed, if it can get it.
   */
  readonly outOfMemory: boolean;

  constructor(message: string, outOfMemory: boolean, options?: ErrorOptions) {
    super(message, options);
    this.outOfMemory = outOfMemory;
  }
}

const OUT_OF_MEMORY =
  /failed to allocate memory|bad_alloc|out of memory|ALLOC_FAILED|allocation failed|available memory of \d+ is smaller|invalid typed array length/i;

/** The error for a run, or for a model that could not be opened, by the runtime's message. */
export function sessionError(what: string, message: string): SessionError {
  return new SessionError(`${what}: ${message.trim()}`, OUT_OF_MEMORY.test(message));
}

/** The error for a model that could not be opened. `libraries` is the folder of the runtime's native libraries. */
export function openError(model: string, device: Device, message: string, libraries: string): Error {
  if (!existsSync(model)) return new InputError(`model "${model}" is not there; name an .onnx file`);
  const failed = sessionError(`model "${model}" can't be opened`, message);
  if (failed.outOfMemory) return failed;
  const other = `or use the device "cpu"`;
  if (device === "cuda" && /shared library|backend not found|CUDA failure|no CUDA-capable/i.test(message)) {
    const problem = cudaProblem(libraries) ?? `${message.trim()} (look at what nvidia-smi says)`;
    return new InputError(`the device "cuda" can't be used: ${problem}, ${other}`);
  }
  if (device === "webgpu" && /adapter|backend not found/i.test(message)) {
    return new InputError(
      `the device "webgpu" can't be used: no graphics adapter with a Vulkan driver was found; install one, ${other}`,
    );
  }
  return failed;
}

/**
 * What CUDA lacks on this machine and the next step; null where nothing is known to be missing. The runtime itself only
 * says "Failed to load shared library".
 */
export function cudaProblem(libraries: string): string | null {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `ONNX Runtime for Node has it on Linux x64 only, this is ${process.platform} ${process.arch}; take another machine`;
  }
  const provider = `${libraries}/libonnxruntime_providers_cuda.so`;
  if (!existsSync(provider)) return "ONNX Runtime's CUDA provider is not installed; run npm run setup:cuda";
  const { status, stdout } = spawnSync("ldd", [provider], { encoding: "utf8" });
  return missingProblem(status === 0 ? missingLibraries(stdout) : []);
}

/** What to install for libraries that are missing; null where none is. */
export function missingProblem(missing: readonly string[]): string | null {
  const [driver, toolkit] = [missing.filter(isDriver), missing.filter((name) => !isDriver(name))];
  const told = ([first, ...more]: readonly string[], remedy: string): string[] =>
    first === undefined
      ? []
      : [`${[first, ...more].join(", ")} ${more.length === 0 ? "is" : "are"} missing; ${remedy}`];
  const problems = [
    ...told(driver, "install NVIDIA's driver, until nvidia-smi shows a card"),
    ...told(toolkit, "install CUDA 12 and cuDNN 9 (npm run setup:cuda says how)"),
  ];
  return problems.length === 0 ? null : problems.join("; ");
}

const isDriver = (name: string): boolean => /^lib(?:cuda|nvidia[\w-]*)\.so/.test(name);

/** The libraries that `ldd` did not find. */
export function missingLibraries(listing: string): readonly string[] {
  return [...listing.matchAll(/^\s*(\S+) => not found/gm)].map(([, name = ""]) => name);
}
