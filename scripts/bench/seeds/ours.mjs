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

function timed(what, work) {
  const begun = performance.now();
  const functions = work();
  const seconds = (performance.now() - begun) / 1_000;
  return { what, files: texts.length, megabytes, functions, seconds };
}

const MODES = {
  stages() {
    let [parse, facts, found, trees] = [0, 0, 0, 0];
    for (const text of texts) {
      const begun = performance.now();
      const tree = parsePython(text);
      const parsed = performance.now();
      parse += parsed - begun;
      if (!tree) continue;
      trees++;
      found += functionsOf(tree, text).length;
      facts += performance.now() - parsed;
      tree.delete();
    }
    const stage = (what, ms) => ({ what, files: trees, megabytes, functions: found, seconds: ms / 1_000 });
    const whole = timed("ours: parse to seeds and rejects", () => {
      texts.forEach((text, at) => seedsOf(fileOf(text, at)));
      return found;
    });
    const rest = {
      ...stage("ours: filter, carry, measure (whole less above)", whole.seconds * 1_000 - parse - facts),
    };
    return [stage("ours: parse", parse), stage("ours: facts of functions", facts), rest, whole];
  },
  async threads() {
    const workers = Number(number);
    const begun = performance.now();
    let functions = 0;
    const start = { job: "functions", options: {} };
    for await (const { result } of mapInOrder(items(texts.length), start, { workers, inlineMs: 0 }))
      if (result !== "time-limit") functions += result.rows.length;
    const seconds = (performance.now() - begun) / 1_000;
    const what = `ours: functions, ${workers} thread${workers === 1 ? "" : "s"}`;
    return [{ what, files: texts.length, megabytes, functions, seconds }];
  },
  async weight() {
    const files = Number(number);
    const read = mapInOrder(items(files), { job: "functions", options: {} }, { workers: 1 });
    while (!(await read.next()).done);
    return [{ what: `ours: weight after ${files} files`, files, rssMb: process.memoryUsage().rss / 1e6 }];
  },
};

console.log(JSON.stringify(await MODES[mode]()));
