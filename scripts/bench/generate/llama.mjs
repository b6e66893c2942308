// llama.cpp through node-llama-cpp in a process of its own: as many sequences as rows, evaluated side by side, which it puts
// into common batches. It is no dependency of ours: found in the folder that it was installed in for this bench.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { jobOf, measure } from "./meter.mjs";

const job = jobOf();
const file = createRequire(path.join(job.llama, "package.json")).resolve("node-llama-cpp");
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(file).href);
const llama = await getLlama({
  gpu: false,
  build: "never",
  logLevel: LlamaLogLevel.error,
  maxThreads: job.threads,
});
const model = await llama.loadModel({ modelPath: job.gguf, gpuLayers: 0 });
const context = await model.createContext({
  contextSize: job.promptTokens + job.newTokens + 8,
  sequences: job.batch,
  batchSize: Math.max(512, job.batch * job.promptTokens),
  threads: job.threads,
});
const sequences = Array.from({ length: job.batch }, () => context.getSequence());

await measure(job, async (prompts, newTokens, mark) => {
  let begun = 0;
  return Promise.all(
    prompts.map(async (prompt, row) => {
      await sequences[row].clearHistory();
      const tokens = [];
      for await (const token of sequences[row].evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
        tokens.push(token);
        if (tokens.length === 1 && ++begun === prompts.length) mark(newTokens - 1);
        if (tokens.length === newTokens) break;
      }
      return tokens;
    }),
  );
});
// Its threads would be waited for.
process.exit(0);
