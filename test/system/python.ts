// A Python on this machine for tests that compare with Python's own tools: the one that SELFALIGN_PYTHON names, or
// whatever `python3` or `python` is, if it has the modules that are needed.
import { spawnSync } from "node:child_process";

/** Command of a Python that can import all of `modules`, or null. */
export function pythonWith(...modules: readonly string[]): string | null {
  const { SELFALIGN_PYTHON } = process.env;
  const candidates = SELFALIGN_PYTHON === undefined ? ["python3", "python"] : [SELFALIGN_PYTHON];
  const works = (command: string) =>
    spawnSync(command, ["-c", `import ${modules.join(", ")}`], { stdio: "ignore" }).status === 0;
  return candidates.find(works) ?? null;
}

/** What a script prints as JSON; `input` is what it reads from its standard input as JSON. */
export function askPython(python: string, script: string, input: unknown = null): unknown {
  const env = { ...process.env, HF_HUB_OFFLINE: "1", HF_DATASETS_OFFLINE: "1", PYTHONUTF8: "1" };
  const { status, stdout, stderr } = spawnSync(python, ["-c", script], {
    input: JSON.stringify(input),
    encoding: "utf8",
    env,
    maxBuffer: 1e8,
  });
  if (status !== 0) throw new Error(`Python failed: ${stderr}`);
  return JSON.parse(stdout);
}
