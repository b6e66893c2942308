// Our tokenizer trainer and encoder in a process of their own: reads a job on standard input, prints figures. Texts are JSON lines.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { json } from "node:stream/consumers";
import { readRows } from "../../../dist/core/files.js";
import { encodeTo } from "../../../dist/train/tokens.js";
import { trainTokenizer } from "../../../dist/train/tokenizer.js";
import { writeTokenizer } from "../../../dist/train/tokenizerfile.js";

const { texts, vocabSize, workers, folder } = await json(process.stdin);

const training = await timed(() => trainTokenizer(readRows(texts), { vocabSize, workers }));
const peakMB = process.resourceUsage().maxRSS / 1024;
await writeTokenizer(training.result, folder);
const encoding = await timed(() => encodeTo(`${folder}/store`, files(), folder, { content: {}, workers }));
const { model } = JSON.parse(readFileSync(`${folder}/tokenizer.json`, "utf8"));
const learned = JSON.stringify([Object.keys(model.vocab).length, model.merges]);
console.log(
  JSON.stringify({
    train: training.seconds,
    trainCpu: training.cpu,
    peakMB,
    encode: encoding.seconds,
    encodeCpu: encoding.cpu,
    tokens: encoding.result.tokens,
    tokenizer: createHash("sha1").update(learned).digest("hex"),
  }),
);

async function* files() {
  for await (const text of readRows(texts)) yield { key: "", repository: "", path: "", text };
}

async function timed(work) {
  const [before, begun] = [process.cpuUsage(), performance.now()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: (performance.now() - begun) / 1e3, cpu: (user + system) / 1e6 };
}
