// Ours in a process of its own: `draw` on the graph that a converted folder has for this machine.
import { readFileSync } from "node:fs";
import path from "node:path";
import { drawingGraph, formatOf, GRAPHS, MANIFEST } from "../../../dist/model/convert.js";
import { draw } from "../../../dist/model/decode.js";
import { openSession } from "../../../dist/onnx/session.js";
import { jobOf, measure } from "./meter.mjs";

const job = jobOf();
const manifest = JSON.parse(readFileSync(path.join(job.converted, MANIFEST), "utf8"));
const { model, dtype, device } = manifest;
const graph = path.join(job.converted, GRAPHS[drawingGraph(manifest)]);
const session = await openSession(graph, { threads: job.threads });

await measure(job, async (prompts, newTokens, mark) => {
  let drawing = false;
  const watched = {
    ...session,
    runKeeping(feeds, ...others) {
      // Runs before it take all tokens of prompts but the last.
      if (!drawing && feeds.ids.dims[1] === 1) {
        drawing = true;
        mark(newTokens);
      }
      return session.runKeeping(feeds, ...others);
    },
  };
  async function* requests() {
    for (const [at, prompt] of prompts.entries())
      yield { key: String(at), prompt, maxTokens: newTokens, temperature: 0, topP: 1, topK: null, seed: at };
  }
  const decoding = { session: watched, model, format: formatOf(dtype, device) };
  const how = { batchSize: prompts.length, chunk: job.chunk, stopTokens: [] };
  const tokens = [];
  for await (const drawn of draw(decoding, requests(), how)) tokens[Number(drawn.key)] = drawn.tokens;
  return tokens;
});
await session.close();
