// Near-duplicates beside datasketch: functions of the standard library through both (processor seconds, one core, reading
// tokens included), then planted pairs of known similarity, for what each reports at the thresholds of seeds and pairs.
// The peer gets the same texts, splits them alike and uses the same threshold and number of permutations.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { extractTo, openCorpus, openNearDuplicates, PAIR_THRESHOLD, SEED_THRESHOLD } from "selfalign";
import { askPython, need } from "./rig/python.mjs";

const LEVELS = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const PAIRS = 200;
const THRESHOLDS = [SEED_THRESHOLD, PAIR_THRESHOLD];

export async function bench({ size = 6_000, python }) {
  need(python, ["datasketch"]);
  const folder = mkdtempSync(path.join(os.tmpdir(), "selfalign-bench-"));
  try {
    const functions = await standardLibrary(folder);
    const texts = functions.slice(0, size);
    const pairs = plantedPairs(functions);
    const job = { texts, pairs, thresholds: THRESHOLDS, permutations: 256 };
    const peer = await askPython(python, "datasketch_lsh.py", job);
    const speeds = [
      speedOf("ours", texts, {}),
      speedOf("ours without vectors", texts, { simd: false }),
      { what: "datasketch", texts: texts.length, ...peer.speed },
    ];
    const qualities = THRESHOLDS.flatMap((threshold) => [
      quality("ours", threshold, pairs, ours(pairs, threshold)),
      ...peer.found
        .filter((found) => found.threshold === threshold)
        .flatMap(({ candidates, verified }) => [
          quality("datasketch", threshold, pairs, candidates),
          quality("datasketch, verified", threshold, pairs, verified),
        ]),
    ]);
    const [{ perCpuSecond: fast }, { perCpuSecond: plain }, other] = speeds;
    return {
      rows: [...speeds, ...qualities],
      ratios: {
        "vectors / plain": fast / plain,
        "ours / datasketch": fast / other.perCpuSecond,
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Texts of the functions of at least five lines. */
async function standardLibrary(folder) {
  const out = path.join(folder, "functions.jsonl");
  await extractTo("stdlib", out);
  const lines = new Map();
  for await (const item of (await openCorpus("stdlib")).files({ seed: 0 }))
    if ("file" in item) lines.set(item.file.path, item.file.text.split("\n"));
  return readFileSync(out, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ line, endLine }) => endLine - line >= 4)
    .map(({ path: file, line, endLine }) =>
      lines
        .get(file)
        .slice(line - 1, endLine)
        .join("\n"),
    );
}

/** For each level pairs of a function and a copy with other words in one place, and their exact similarity. */
function plantedPairs(functions) {
  const long = functions.map((text) => text.match(/\w+/g) ?? []).filter(({ length }) => length >= 60);
  const pairs = [];
  for (const level of LEVELS) {
    let wanted = PAIRS;
    for (let at = 0; wanted > 0 && at < long.length; at++) {
      const words = long[(at * 7_919) % long.length].map((word) => `${word}_${Math.round(level * 10)}_${at}`);
      const copy = changed(words, level, at);
      const exact = jaccard(words, copy);
      if (Math.abs(exact - level) > 0.01) continue;
      pairs.push({ level, exact, texts: [words.join(" "), copy.join(" ")] });
      wanted--;
    }
  }
  return pairs;
}

function changed(words, level, salt) {
  const count = words.length - 4;
  const gone = Math.max(1, Math.round(count - (2 * count * level) / (1 + level)) - 4);
  const start = 4 + ((salt * 31) % Math.max(1, words.length - gone - 8));
  return words.map((word, at) => (at < start || at >= start + gone ? word : `new${salt}_${at}`));
}

function jaccard(a, b) {
  const grams = (words) => new Set(words.slice(4).map((_, at) => words.slice(at, at + 5).join(" ")));
  const [one, other] = [grams(a), grams(b)];
  const shared = [...one].filter((gram) => other.has(gram)).length;
  return shared / (one.size + other.size - shared);
}

function speedOf(what, texts, options) {
  const warm = openNearDuplicates(options);
  for (const text of texts.slice(0, 500)) warm.add(text);
  const memory = openNearDuplicates(options);
  const before = process.cpuUsage();
  let kept = 0;
  for (const text of texts) if (memory.add(text).kept) kept++;
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  return { what, texts: texts.length, kept, cpuSeconds, perCpuSecond: Math.round(texts.length / cpuSeconds) };
}

/** Whether each pair is reported; words of different pairs differ. */
function ours(pairs, threshold) {
  const memory = openNearDuplicates({ threshold });
  for (const { texts } of pairs) memory.add(texts[0]);
  return pairs.map(({ texts }) => !memory.add(texts[1]).kept);
}

/** Reported share per level; of those at or above the threshold (recall), and of the reported that are (precision). */
function quality(what, threshold, pairs, found) {
  const share = (chosen) => {
    const hits = pairs.map((pair, at) => [pair, found[at]]).filter(([pair]) => chosen(pair));
    return Number((hits.filter(([, hit]) => hit).length / hits.length).toFixed(3));
  };
  const right = pairs.filter(({ exact }, at) => found[at] && exact >= threshold).length;
  return {
    what: `${what} at ${threshold}`,
    ...Object.fromEntries(LEVELS.map((level) => [`J ${level}`, share((pair) => pair.level === level)])),
    recall: share(({ exact }) => exact >= threshold),
    precision: Number((right / found.filter(Boolean).length).toFixed(3)),
  };
}
