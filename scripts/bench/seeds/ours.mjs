// One measurement of ours, printed as JSON rows: on a list of texts `stages LIST`, `threads LIST N`; on a corpus, read as
// often as it takes, `weight CORPUS FILES,FILES,…` in one
// go (`peakRssMb` is since the mark before).
import { readFileSync } from "node:fs";

// Below the front door on purpose: stages are measured one by one.
const dist = new URL("../../../dist/", import.meta.url);
const { functionsOf } = await import(new URL("python/functions.js", dist));
const { loadGrammar, parsePython } = await import(new URL("python/syntax.js", dist));
const { seedsOf } = await import(new URL("seeds/seeds.js", dist));
const { mapInOrder } = await import(new URL("seeds/parallel.js", dist));

const [mode, source, number] = process.argv.slice(2);
const texts = mode === "weight" ? [] : JSON.parse(readFileSync(source, "utf8"));
const megabytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 1e6;
await loadGrammar();

const fileOf = (text, at) => ({
  key: String(at),
  source: "folder:bench",
  repository: "bench",
  revision: null,
  licence: null,
  path: `${at}.py`,
  text,
});

async function* corpusFiles(count) {
  const { openCorpus } = await import(new URL("index.js", dist));
  const corpus = await openCorpus(source);
  for (let given = 0; ;) {
    for await (const item of corpus.files({ seed: 0 })) {
      if (given++ === count) return;
      yield item;
    }
  }
}

async function* items(count) {
  for (let at = 0; at < count; at++) yield { order: String(at), file: fileOf(texts[at % texts.length], at) };
}

/** Seconds of wall clock and processor, threads included, since the process began. */
function clock() {
  const { user, system } = process.cpuUsage();
  return { seconds: performance.now() / 1_000, cpuSeconds: (user + system) / 1e6 };
}

/** Adds what passed since `from` to `total`. */
function addSince(from, total) {
  const now = clock();
  total.seconds += now.seconds - from.seconds;
  total.cpuSeconds += now.cpuSeconds - from.cpuSeconds;
}

const nothing = () => ({ seconds: 0, cpuSeconds: 0 });

const MODES = {
  stages() {
    const [parse, facts, whole] = [nothing(), nothing(), nothing()];
    let functions = 0;
    for (const [at, text] of texts.entries()) {
      const begun = clock();
      const tree = parsePython(text);
      addSince(begun, parse);
      const parsed = clock();
      functions += tree === null ? 0 : functionsOf(tree, text).length;
      addSince(parsed, facts);
      tree?.delete();
      const fresh = clock();
      seedsOf(fileOf(text, at));
      addSince(fresh, whole);
    }
    const row = (what, total) => ({ what, files: texts.length, megabytes, functions, ...total });
    return [
      row("ours: parse", parse),
      row("ours: facts of functions", facts),
      row("ours: seeds and rejects, parse and facts included", whole),
    ];
  },
  async threads() {
    const workers = Number(number);
    const total = nothing();
    const begun = clock();
    let functions = 0;
    const start = { job: "functions", options: {} };
    for await (const { result } of mapInOrder(items(texts.length), start, { workers, inlineMs: 0 }))
      if (result !== "time-limit") functions += result.rows.length;
    addSince(begun, total);
    const what = `ours: functions, ${workers} thread${workers === 1 ? "" : "s"}`;
    return [{ what, files: texts.length, megabytes, functions, ...total }];
  },
  async weight() {
    const marks = number.split(",").map(Number);
    const read = mapInOrder(corpusFiles(marks.at(-1)), { job: "functions", options: {} }, { workers: 1 });
    const rows = [];
    let files = 0;
    let seen = [];
    while (!(await read.next()).done) {
      if (++files % 10 === 0) seen.push(process.memoryUsage.rss() / 1e6);
      if (!marks.includes(files)) continue;
      // What is held goes up and down with the collector: the middle of the last thousand files tells more than one moment.
      const rssMb = seen.slice(-100).sort((a, b) => a - b)[50];
      rows.push({
        what: `ours: weight at ${files} files, 1 thread`,
        files,
        rssMb,
        peakRssMb: Math.max(...seen),
      });
      seen = [];
    }
    return rows;
  },
};

console.log(JSON.stringify(await MODES[mode]()));
