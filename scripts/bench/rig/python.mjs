// The Python that peers and oracles run in: the one that SELFALIGN_PYTHON (or `--python`) names, else python3. Scripts
// stand in scripts/bench/peers, read one JSON text on standard input and write one on standard output.
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { InputError } from "selfalign";

const folder = path.join(import.meta.dirname, "../peers");

/** Those of the modules that this Python lacks. */
export function lacking(python, modules) {
  return modules.filter(
    (name) => spawnSync(python, ["-c", `import ${name}`], { stdio: "ignore" }).status !== 0,
  );
}

/** Throws for the first module that this Python lacks. */
export function need(python, modules) {
  const missing = lacking(python, modules);
  if (missing.length > 0)
    throw new InputError(
      `Python "${python}" has no ${missing.join(", ")}: install it, or name another with --python`,
    );
}

/** The answer of a script of ours. Whatever it leaves running in its process group is ended with it. */
export async function askPython(python, script, input, args = []) {
  const child = spawn(python, [path.join(folder, script), ...args], {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, PYTHONUTF8: "1", PYTHONDONTWRITEBYTECODE: "1" },
  });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  child.stdin.on("error", () => {}); // a script that died early: its exit status tells
  child.stdin.end(JSON.stringify(input));
  const answer = text(child.stdout);
  const complaint = text(child.stderr);
  const status = await ended;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing of the group is left.
  }
  if (status !== 0) throw new Error(`${script} failed: ${await complaint}`);
  return JSON.parse(await answer);
}
