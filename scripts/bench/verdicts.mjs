// Who tells right from wrong: wrong programs accepted, correct ones rejected, and runs that outlive their time, by our
// sandboxes and by the peers' rules on the same cases (those of test/fixtures/hostile that harm nobody: the peers
// isolate nothing). Our own ways are also shown on all cases. A way accepts what passed with an assert that held.
import { readFileSync } from "node:fs";
import path from "node:path";
import { attempt, ours, peer, PEERS } from "./rig/runners.mjs";

const TIMEOUT_MS = 3_000;
const WORKERS = 2;
/** A run that takes this many times its limit hangs, as the caller sees it. Ours may take four: a sleeper is run again. */
const HANGS = 5;
const fixtures = path.resolve(import.meta.dirname, "../../test/fixtures/hostile");

export async function bench({ python }) {
  const terms = { workers: WORKERS, timeoutMs: TIMEOUT_MS };
  const all = casesOf();
  const shared = all.filter((each) => each.peer_safe === true);
  const own = [
    ours("native", "auto", terms),
    ours("native", "split", terms),
    ours("native", "one-world", terms),
    ours("pyodide", "auto", terms),
    ours("pyodide", "split", terms),
    ours("pyodide", "one-world", terms),
  ];
  const rows = [];
  const details = [];
  const add = async (name, runner, cases) => {
    const answer = await attempt(runner, cases);
    const row = { cases: name, runner: runner.name, mode: runner.mode, isolated: runner.isolated };
    if ("reason" in answer) return rows.push({ ...row, note: answer.reason });
    const { counts, ...names } = judged(cases, answer);
    rows.push({ ...row, ...counts });
    details.push({ ...row, ...names });
  };
  for (const runner of [...own, ...PEERS.map((name) => peer(name, python, terms))])
    await add("shared", runner, shared);
  // Minutes of waiting for sleepers on the embedded backend, which the tests cover: here the native one only.
  for (const runner of own.filter(({ name }) => name.endsWith("native"))) await add("all", runner, all);
  return { rows, details };
}

/** Cases with a known answer: `any` is about effects, not verdicts. */
function casesOf() {
  return ["programs.jsonl", "correct.jsonl"]
    .flatMap((file) => readFileSync(path.join(fixtures, file), "utf8").trim().split("\n"))
    .map((line) => ({ ...JSON.parse(line), entryPoint: "f" }))
    .filter(({ want }) => want !== "any")
    .map((each) => ({ ...each, code: aimedAtNothing(each.code) }));
}

/** Places for the tests' own servers and files: here nobody listens and nothing is there. */
function aimedAtNothing(code) {
  return code.replaceAll("PORT", "9").replaceAll("CANARY", "/nonexistent/canary");
}

/** Counts for the table and, for the file, the names of those that were judged wrongly or could not be expressed. */
function judged(cases, { verdicts, seconds }) {
  const verdictOf = new Map(verdicts.map((verdict) => [verdict.name, verdict]));
  const namesOf = (want, accepted) =>
    cases
      .filter((each) => each.want === want && verdictOf.get(each.name).accepted === accepted)
      .map(({ name }) => name);
  const falseAccepts = namesOf("notpass", true);
  const falseRejects = namesOf("pass", false);
  const hangs = verdicts.filter((verdict) => verdict.seconds > (HANGS * TIMEOUT_MS) / 1e3);
  const counts = {
    wrong: falseAccepts.length + namesOf("notpass", false).length,
    falseAccepts: falseAccepts.length,
    correct: falseRejects.length + namesOf("pass", true).length,
    falseRejects: falseRejects.length,
    hangs: hangs.length,
    programsPerSecond: Math.round((10 * verdicts.length) / seconds) / 10,
  };
  const notExpressed = [...namesOf("notpass", null), ...namesOf("pass", null)];
  return { counts, falseAccepts, falseRejects, hangs: hangs.map(({ name }) => name), notExpressed };
}
