// The Python that peers and oracles run in: the one that SELFALIGN_PYTHON (or `--python`) names, else python3. Scripts
// stand in scripts/bench/peers, read one JSON text on standard input and write one on standard output.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { InputError } from "selfalign";

const folder = path.join(import.meta.dirname, "peers");

/** Those of the modules that this Python lacks. */
export function lacking(python, modules) {
  return modules.filter(
    (name) => spawnSync(python, ["-c", `import ${name}`], { stdio: "ignore" }).status !== 0,
  );
}

/** The answer of a script of ours; it may take as long as it needs. */
export function askPython(python, script, input, modules = []) {
  const missing = lacking(python, modules);
  if (missing.length > 0)
    throw new InputError(
      `Python "${python}" has no ${missing.join(", ")}: install it, or name another with --python`,
    );
  const { status, error, stdout, stderr } = spawnSync(python, [path.join(folder, script)], {
    input: JSON.stringify(input),
    encoding: "utf8",
    env: { ...process.env, PYTHONUTF8: "1" },
    maxBuffer: 2 ** 29,
  });
  if (status !== 0) throw new Error(`${script} failed: ${error?.message ?? stderr}`, { cause: error });
  return JSON.parse(stdout);
}
