// Reading functions out of a corpus: files, megabytes and functions per second by stage, ours against the same extraction
// in Python (`ast`, and tree-sitter's binding where SELFALIGN_PYTHON has it), on the same files, one process and all
// cores; then what a process weighs on its way through 20,000 files, the corpus read as often as it takes. Every
// figure is taken in a process of its own.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const here = import.meta.dirname;
const PYTHON = process.env.SELFALIGN_PYTHON ?? "python3";

export async function bench({ corpus: spec, files: count }) {
  const { InputError, openCorpus } = await import("selfalign");
  const corpus = await openCorpus(spec);
  const base = mkdtempSync(path.join(os.tmpdir(), "selfalign-bench-"));
  try {
    const list = path.join(base, "files.json");
    const texts = [];
    for await (const item of corpus.files({ seed: 0 })) {
      if ("file" in item) texts.push(item.file.text);
      if (texts.length === count) break;
    }
    if (texts.length === 0)
      throw new InputError(`corpus "${spec}" has no file that can be read: name another`);
    writeFileSync(list, JSON.stringify(texts));
    const cores = os.availableParallelism();
    const node = (...args) => measured(process.execPath, [path.join(here, "seeds/ours.mjs"), ...args]);
    const python = (...args) => measured(PYTHON, [path.join(here, "seeds/reference.py"), ...args]);
    const rows = [
      ...(node("stages", list) ?? []),
      ...(node("threads", list, "1") ?? []),
      ...(cores > 1 ? (node("threads", list, String(cores)) ?? []) : []),
      ...(python("ast", list, "1") ?? []),
      ...(cores > 1 ? (python("ast", list, String(cores)) ?? []) : []),
      ...(python("tree-sitter", list, "1") ?? []),
      ...(cores > 1 ? (python("tree-sitter", list, String(cores)) ?? []) : []),
      ...(node("weight", spec, String([1_000, 5_000, 10_000, 20_000])) ?? []),
    ].map(rounded);
    // One process is compared by its processor time, which other work on the machine disturbs least.
    const one = (what) => rows.find((row) => row.what === what)?.mbPerCpuSecond;
    const wall = (what) => rows.find((row) => row.what === what)?.functionsPerSecond;
    const ours = "ours: functions, 1 thread";
    const ratios = {
      "ours / Python ast, one process": one(ours) / one("Python: ast, 1 process"),
      "ours / Python tree-sitter, one process": one(ours) / one("Python: tree-sitter, 1 process"),
      [`ours, ${cores} threads / 1`]: wall(`ours: functions, ${cores} threads`) / wall(ours),
      [`ours / Python ast, ${cores} cores`]:
        wall(`ours: functions, ${cores} threads`) / wall(`Python: ast, ${cores} processes`),
      [`ours / Python tree-sitter, ${cores} cores`]:
        wall(`ours: functions, ${cores} threads`) / wall(`Python: tree-sitter, ${cores} processes`),
    };
    return { rows, ratios: Object.fromEntries(Object.entries(ratios).filter(([, ratio]) => ratio > 0)) };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

/** Rows that a program prints as JSON; null, with the reason on stderr, when it can't run here. */
function measured(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status === 0) return JSON.parse(stdout);
  const why = error?.message ?? stderr.trimEnd().split("\n").at(-1);
  console.error(`left out: ${path.basename(program)} ${path.basename(args[0])} ${args[1]}: ${why}`);
  return null;
}

function rounded({ what, files, megabytes, functions, seconds, cpuSeconds, rssMb }) {
  const per = (value) => (seconds === undefined ? undefined : Number((value / seconds).toPrecision(3)));
  return {
    what,
    files,
    functions,
    seconds: seconds === undefined ? undefined : Number(seconds.toFixed(2)),
    filesPerSecond: per(files),
    mbPerSecond: per(megabytes),
    functionsPerSecond: per(functions),
    mbPerCpuSecond: cpuSeconds === undefined ? undefined : Number((megabytes / cpuSeconds).toPrecision(3)),
    rssMb: rssMb === undefined ? undefined : Math.round(rssMb),
  };
}
