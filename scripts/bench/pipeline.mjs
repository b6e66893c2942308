// The main job, stage by stage and all at once: seconds, processor seconds (children included) and rows per second.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { runPipeline, STAGES } from "selfalign";

/** Rows that a stage is measured by, as named in run.json. */
const COUNTED = {
  seeds: "seeds",
  instruct: "responses",
  validate: "results",
  dataset: "dataset",
  report: "report",
};

export async function bench({ size = 60 }) {
  const base = mkdtempSync(path.join(os.tmpdir(), "selfalign-bench-"));
  try {
    const apart = path.join(base, "apart");
    const rows = [];
    for (const stage of STAGES) {
      const summary = await runPipeline({ outputDir: apart, numSamples: size, stages: [stage] });
      const last = readFileSync(path.join(apart, "timings.jsonl"), "utf8").trim().split("\n").at(-1);
      const { seconds, cpuSeconds } = JSON.parse(last);
      rows.push(row(stage, seconds, cpuSeconds, summary.rows[COUNTED[stage]]));
    }
    const begun = performance.now();
    const summary = await runPipeline({ outputDir: path.join(base, "together"), numSamples: size });
    const together = (performance.now() - begun) / 1_000;
    rows.push(row("all at once", together, null, summary.rows.dataset));
    const apartSeconds = rows.slice(0, STAGES.length).reduce((sum, { seconds }) => sum + seconds, 0);
    return { rows, ratios: { "stage by stage / all at once": apartSeconds / together } };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

function row(stage, seconds, cpuSeconds, rows) {
  const round = (value) => (value === null ? null : Number(value.toFixed(2)));
  return {
    stage,
    rows,
    seconds: round(seconds),
    cpuSeconds: round(cpuSeconds),
    rowsPerSecond: round(rows / seconds),
  };
}
