// EvalPlus (https://github.com/evalplus/evalplus) as a second judge: its own program on a file of samples. The inputs of
// HumanEval+ have to be fetched, so HumanEval's are put into its layout here: what the tests call the function with.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { askPython } from "./python.js";

/** Writes HumanEval as EvalPlus has it, and gives the number of its tasks. */
export function humanEvalPlus(python: string, humanEval: string, file: string): number {
  const script = `
import copy, gzip, json, sys

source, target = json.load(sys.stdin)
rows = [json.loads(line) for line in gzip.open(source, "rt")]
with open(target, "w") as out:
    for row in rows:
        space, calls = {}, []
        exec(row["prompt"] + row["canonical_solution"] + "\\n" + row["test"], space)
        function = space[row["entry_point"]]

        def recorded(*arguments):
            calls.append(copy.deepcopy(arguments))
            return function(*arguments)

        space["check"](recorded)
        # Enough of those that are drawn at random.
        inputs = [list(arguments) for arguments in calls[:60]]
        # The tests' own tolerances.
        near = 1e-4 if "math.fabs" in row["test"] else 1e-6 if "abs(" in row["test"] else 0
        plus = {name: row[name] for name in ("task_id", "prompt", "entry_point", "canonical_solution")}
        plus |= {"base_input": inputs, "plus_input": [], "contract": "", "atol": near}
        out.write(json.dumps(plus) + "\\n")
print(len(rows))`;
  return askPython(python, script, [humanEval, file]) as number;
}

/** By task: whether EvalPlus lets its only sample pass. */
export function judgedByEvalPlus(
  python: string,
  tasks: string,
  samples: string,
  scratch: string,
): Readonly<Record<string, boolean>> {
  const results = samples.replace(".jsonl", "_eval_results.json");
  const env = { ...process.env, HUMANEVAL_OVERRIDE_PATH: tasks, XDG_CACHE_HOME: path.join(scratch, "cache") };
  execFileSync(
    python,
    [
      "-m",
      "evalplus.evaluate",
      "--dataset",
      "humaneval",
      "--samples",
      samples,
      "--base_only",
      "--parallel",
      "2",
    ],
    { env, stdio: ["ignore", "ignore", "pipe"] },
  );
  if (!existsSync(results)) throw new Error("EvalPlus wrote no results");
  const { eval: judged } = JSON.parse(readFileSync(results, "utf8")) as {
    eval: Readonly<Record<string, readonly { readonly base_status: string }[]>>;
  };
  return Object.fromEntries(
    Object.entries(judged).map(([task, [first]]) => [task, first?.base_status === "pass"]),
  );
}
