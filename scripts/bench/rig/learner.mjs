// Training steps of our GPT-2 as a process of its own, with the same dialogue as peers/train.py: the setting as one line of
// JSON, then a number of steps per line, each answered by wall and processor seconds of every step and the largest memory.
import { createInterface } from "node:readline";
import { causal } from "../../../dist/train/causal.js";
import { gpt2 } from "../../../dist/train/gpt2.js";
import { openLearner } from "../../../dist/train/learning.js";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const setting = JSON.parse((await lines.next()).value);
const { vocabulary, positions, hidden, layers, heads, batch, length, threads, profile } = setting;
const model = gpt2({ vocabulary, positions, hidden, layers, heads, epsilon: 1e-5, dropout: 0 });
const learner = await openLearner(causal(model), { threads, profile });
const dims = [batch, length];
const tokens = () => ({
  type: "int64",
  dims,
  data: BigInt64Array.from({ length: batch * length }, () => BigInt(Math.floor(Math.random() * vocabulary))),
});

async function step() {
  const weights = { type: "float32", dims, data: new Float32Array(batch * length).fill(1) };
  const given = { ids: tokens(), targets: tokens(), weights };
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  await learner.step([given], 1e-3);
  const { user, system } = process.cpuUsage(cpu);
  return { wall: (performance.now() - wall) / 1e3, cpu: (user + system) / 1e6 };
}

console.log(JSON.stringify({ version: process.version }));
for await (const line of lines) {
  const steps = [];
  for (let left = Number(line); left > 0; left--) steps.push(await step());
  console.log(JSON.stringify({ steps, peak: process.resourceUsage().maxRSS * 1024 }));
}
await learner.close();
