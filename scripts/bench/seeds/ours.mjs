// One measurement of ours on a list of texts, printed as JSON rows: `stages LIST`, `threads LIST N`, `weight LIST FILES`.
import { readFileSync } from "node:fs";

// Below the front door on purpose: stages are measured one by one.
const dist = new URL("../../../dist/", import.meta.url);
const { functionsOf } = await import(new URL("python/functions.js", dist));
const { loadGrammar, parsePython } = await import(new URL("python/syntax.js", dist));
const { seedsOf } = await import(new URL("seeds/seeds.js", dist));
const { mapInOrder } = await import(new URL("seeds/parallel.js", dist));

const [mode, list, number] = process.argv.slice(2);
const texts = JSON.parse(readFileSync(list, "utf8"));
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
    const files = Number(number);
    const read = mapInOrder(items(files), { job: "functions", options: {} }, { workers: 1 });
    while (!(await read.next()).done);
    return [{ what: `ours: weight after ${files} files`, files, rssMb: process.memoryUsage().rss / 1e6 }];
  },
};

console.log(JSON.stringify(await MODES[mode]()));
