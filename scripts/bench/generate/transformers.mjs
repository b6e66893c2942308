// transformers.js in a process of its own: `generate` on the same converted folder's eight-bit model.
import path from "node:path";
import { AutoModelForCausalLM, env, Tensor } from "@huggingface/transformers";
import { jobOf, measure } from "./meter.mjs";

const job = jobOf();
env.allowRemoteModels = false;
env.localModelPath = path.dirname(job.converted);
const model = await AutoModelForCausalLM.from_pretrained(path.basename(job.converted), {
  dtype: "q8",
  device: "cpu",
  session_options: { intraOpNumThreads: job.threads },
});

await measure(job, async (prompts, newTokens, mark) => {
  const dims = [prompts.length, prompts[0].length];
  let puts = 0;
  const streamer = {
    // The prompts are put first, then each step's tokens.
    put: () => {
      if (++puts === 2) mark(newTokens - 1);
    },
    end: () => undefined,
  };
  const output = await model.generate({
    inputs: new Tensor("int64", BigInt64Array.from(prompts.flat(), BigInt), dims),
    attention_mask: new Tensor("int64", new BigInt64Array(prompts.flat().length).fill(1n), dims),
    max_new_tokens: newTokens,
    do_sample: false,
    eos_token_id: [job.vocabulary],
    streamer,
  });
  return output.tolist().map((row) => row.slice(dims[1]).map(Number));
});
