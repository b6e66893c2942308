// What the tiny model is worth on files that it has never seen: bits per byte beside a 5-gram model of the same files, what
// eight bits cost, and how much of what it writes parses.
import { collect, openCorpus, openEngine } from "selfalign";
import { shuffled, uniforms } from "../../dist/core/random.js";
import { functionsOf } from "../../dist/python/functions.js";
import { loadGrammar, parsePython } from "../../dist/python/syntax.js";
import { countNgrams } from "../../dist/train/ngram.js";

const ORDER = 5;
/** Tokens that are scored at once, and how many of those before them the model sees: six layers of a window of 256 see no further. */
const SCORED = 1_024;
const SEEN = 1_536;

const bytesOf = (files) => files.reduce((sum, { bytes }) => sum + bytes, 0);

export function ngramBits({ train, valid }, vocabulary) {
  const ids = train.map((file) => file.ids);
  const ngrams = countNgrams(ids, { vocabulary, order: ORDER });
  return valid.reduce((sum, file) => sum + ngrams.bits(file.ids), 0) / bytesOf(valid);
}

/** Bits per byte of whole files under a converted model, from the token that files begin with to the one that ends them. */
export async function modelBits(folder, files) {
  const engine = await openEngine(`local:${folder}`);
  const pairs = files.flatMap(({ path, ids }) =>
    [...Array(Math.ceil((ids.length - 1) / SCORED)).keys()].map((window) => {
      const from = 1 + window * SCORED;
      return {
        key: `${path} ${window}`,
        prompt: [...ids.slice(Math.max(0, from - SEEN), from)],
        text: [...ids.slice(from, from + SCORED)],
      };
    }),
  );
  const scores = await collect(engine.score(each(pairs)));
  await engine.close();
  const failed = scores.find((score) => !("nll" in score));
  if (failed !== undefined) throw new Error(`${failed.key} was not scored: ${failed.reason}`);
  const nats = scores.reduce((sum, { nll, tokens }) => sum + nll * tokens, 0);
  return nats / Math.LN2 / bytesOf(files);
}

/** Of functions that the model completes from their first line, how many parse when cut where the function ends. */
export async function parsing(folder, files, { samples, temperature, topP, maxTokens, seed }) {
  const headers = shuffled(await headersOf(files), uniforms(seed, "functions"));
  const engine = await openEngine(`local:${folder}`);
  const requests = Array.from({ length: samples }, (_, at) => ({
    key: String(at),
    prompt: headers[at % headers.length],
    maxTokens,
    temperature,
    topP,
    stop: [],
    seed: seed + at,
  }));
  const answers = await collect(engine.generate(each(requests)));
  await engine.close();
  const functions = answers.map(({ key, text, finish }) => cut(requests[key].prompt, text, finish));
  return { functions: headers.length, parsed: functions.filter(parses).length };
}

/** First lines of functions, without what they are indented by and without their end, which is one token with the next indent. */
async function headersOf(files) {
  await loadGrammar();
  const wanted = new Set(files.map(({ path }) => path));
  const headers = new Map();
  for await (const item of (await openCorpus("stdlib")).files({ seed: 0 })) {
    if (!("file" in item) || !wanted.has(item.file.path)) continue;
    const { path, text } = item.file;
    const tree = parsePython(text);
    const lines = text.split("\n");
    for (const { line } of functionsOf(tree, text)) {
      const header = lines[line - 1].trim();
      if (header.endsWith(":")) headers.set(`${path} ${line}`, header);
    }
    tree.delete();
  }
  return [...headers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, header]) => header);
}

/** The function alone: up to the first line that is not indented, and without a line that was left unfinished. */
function cut(header, text, finish) {
  const lines = text.split("\n");
  const end = lines.findIndex((line, at) => at > 0 && /^\S/.test(line));
  const own = end >= 0 ? lines.slice(0, end) : finish === "length" ? lines.slice(0, -1) : lines;
  return `${header}${own.join("\n")}\n`;
}

function parses(text) {
  const tree = parsePython(text);
  const body = text
    .split("\n")
    .slice(1)
    .some((line) => line.trim() !== "");
  const good = body && !tree.hasError;
  tree.delete();
  return good;
}

async function* each(items) {
  yield* items;
}
