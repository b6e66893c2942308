// Programs per second and processor milliseconds per program, of our sandboxes and of the peers' runners, on the same
// light correct programs in one run, and on HumanEval's with `--humaneval FILE`. Processor time is that of the whole
// process tree: the figure that does not depend on what else the machine does. Peers isolate nothing.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { lightPrograms } from "./rig/light.mjs";
import { attempt, ours, peer, PEERS } from "./rig/runners.mjs";

const TIMEOUT_MS = 10_000;
const WORKERS = 2;

export async function bench({ python, humaneval }) {
  const terms = { workers: WORKERS, timeoutMs: TIMEOUT_MS };
  const one = { ...terms, workers: 1 };
  const runners = [
    ours("native", "one-world", one),
    ours("native", "one-world", terms),
    ours("native", "split", one),
    ours("native", "split", terms),
    ours("pyodide", "one-world", terms),
    ours("pyodide", "split", terms),
    ...PEERS.map((name) => peer(name, python, terms)),
  ];
  const sets = [["light", lightPrograms()]];
  if (humaneval !== undefined) sets.push(["HumanEval", humanEvalPrograms(humaneval)]);
  const rows = [];
  for (const [set, programs] of sets)
    for (const runner of runners) rows.push(rowOf(set, runner, await attempt(runner, programs)));
  return { rows };
}

function rowOf(set, { name, mode, workers, isolated }, answer) {
  const row = { set, runner: name, mode, workers, isolated };
  if ("reason" in answer) return { ...row, note: answer.reason };
  const { verdicts, seconds, cpuSeconds } = answer;
  // A rule that cannot express a program has not run it.
  const judged = verdicts.filter(({ accepted }) => accepted !== null);
  if (judged.length === 0) return { ...row, note: "cannot express these tests" };
  return {
    ...row,
    programs: judged.length,
    accepted: judged.filter(({ accepted }) => accepted).length,
    programsPerSecond: rounded(judged.length / seconds),
    cpuMsPerProgram: cpuSeconds === null ? null : rounded((1e3 * cpuSeconds) / judged.length),
  };
}

/** HumanEval's own file, plain or gzipped. */
function humanEvalPrograms(file) {
  const bytes = readFileSync(file);
  const lines = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8").trim().split("\n");
  return lines.map((line) => {
    const { task_id, prompt, canonical_solution, test, entry_point } = JSON.parse(line);
    return {
      name: task_id,
      code: prompt + canonical_solution,
      tests: `${test}\ncheck(${entry_point})\n`,
      entryPoint: entry_point,
    };
  });
}

function rounded(value) {
  return Math.round(value * 10) / 10;
}
