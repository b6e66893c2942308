// Ours in a process of its own: `draw` on the decode graph of a converted folder.
import { readFileSync } from "node:fs";
import path from "node:path";
import { formatOf, GRAPHS, MANIFEST } from "../../../dist/model/convert.js";
import { draw } from "../../../dist/model/decode.js";
import { openSession } from "../../../dist/onnx/session.js";
import { jobOf, measure } from "./meter.mjs";

const job = jobOf();
const { model, dtype, device } = JSON.parse(readFileSync(path.join(job.converted, MANIFEST), "utf8"));
const session = await openSession(path.join(job.converted, GRAPHS.decode), { threads: job.threads });

await measure(job, async (prompts, newTokens, mark) => {
  let drawing = false;
  const watched = {
    ...session,
    runKeeping(feeds, ...others) {
      // Runs before it take all tokens of prompts but the last, or put caches together.
      if (!drawing && feeds.ids.dims[1] === 1 && feeds.steps.data[0] > 0n) {
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
