// Memory and speed of near-duplicates at scale: synthetic texts of 100 words, every twentieth a copy of an earlier one
// with its first ten words changed (similarity 0.81). `npm run bench -- dedupe-memory --num-samples 1000000` is the default.
import { openNearDuplicates } from "selfalign";

const WORDS = 100;

export function bench({ size = 1_000_000 }) {
  const memory = openNearDuplicates();
  const before = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  let [copies, found, wrong] = [0, 0, 0];
  for (let at = 0; at < size; at++) {
    const copy = at % 20 === 19;
    const result = memory.add(copy ? text(at - 19, 10) : text(at, 0));
    if (copy) copies++;
    if (!result.kept) copy ? found++ : wrong++;
  }
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  const bytes = process.memoryUsage.rss() - before;
  const row = {
    texts: size,
    kept: memory.size(),
    copies,
    found,
    wrong,
    cpuSeconds,
    perCpuSecond: Math.round(size / cpuSeconds),
    rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
    bytesPerKept: Math.round(bytes / memory.size()),
  };
  return { rows: [row], ratios: {} };
}

/** Words that depend on the number of the text and their place; of the first `changed` ones others than it has. */
function text(number, changed) {
  let out = "";
  for (let at = 0; at < WORDS; at++) {
    let word = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 15), 0xc2b2ae35);
    word = (word ^ (word >>> 13)) >>> 0;
    out += at < changed ? `other${word} ` : `w${word} `;
  }
  return out;
}
