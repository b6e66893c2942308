// Stages of a run in a process of their own, as JSON: what they took of time and memory. Arguments: the stages, and the other
// options of `runPipeline` as JSON.
import { runPipeline } from "selfalign";

const [stages, options] = process.argv.slice(2);
const begun = performance.now();
const { rows } = await runPipeline({ ...JSON.parse(options), stages: stages.split(",") });
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({
    rows,
    seconds: (performance.now() - begun) / 1_000,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    rssMb: maxRSS / 1_024,
  }),
);
