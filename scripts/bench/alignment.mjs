// How well `overlap` tells a docstring with its own code from one with other code: the area under the ROC curve (the
// chance that a matched pair scores above a mismatched one, ties half) over functions of the embedded standard library.
// Mismatched are pairs across files, and, harder, pairs within one file; each also with the function's name hidden.
import { loadGrammar, openCorpus } from "selfalign";
import { functionsOf } from "../../dist/python/functions.js";
import { parsePython } from "../../dist/python/syntax.js";
import { openEngine } from "../../dist/engine/open.js";
import { openScorer } from "../../dist/engine/scorer.js";
import { likelihoodOf } from "../../dist/instruct/likelihood.js";
import { overlap, withoutDocstrings } from "../../dist/validate/alignment.js";

/** So that no file dominates; a file needs two for a pair within it. */
const MOST_PER_FILE = 8;
const LEAST_WORDS = 5;
const LEAST_CODE_LINES = 4;
const SEED = 3407;

export async function bench({ model, size }) {
  await loadGrammar();
  const files = await pairsByFile();
  const pairs = files.flat();
  const own = model === undefined ? [] : await byModel(model, files.slice(0, size ?? files.length));
  const rows = [false, true].flatMap((hidden) => {
    const score = (instruction, pair) => overlap(instruction, hidden ? withoutName(pair) : pair.code);
    const matched = pairs.map((pair) => score(pair.docstring, pair));
    const row = (negatives, scores) => ({
      name: hidden ? "hidden" : "visible",
      negatives,
      pairs: pairs.length,
      matchedMedian: rounded(median(matched)),
      mismatchedMedian: rounded(median(scores)),
      auc: rounded(areaUnderCurve(matched, scores)),
    });
    const across = pairs.map((pair, at) => score(pair.docstring, fromAnotherFile(pairs, at)));
    const within = files.flatMap((own) =>
      own.map((pair, at) => score(pair.docstring, own[(at + 1) % own.length])),
    );
    return [row("other files", across), row("same file", within)];
  });
  return { rows: [...rows, ...own] };
}

/** The same by what a model expects of either half: RMI, and the likelihoods of the Coder-Reviewer. */
async function byModel(model, files) {
  const engine = await openEngine(model);
  const scorer = openScorer(engine);
  const pairs = files.flat();
  const likelihoods = (code, name) =>
    Promise.all(
      pairs.map((pair, at) =>
        likelihoodOf(
          { key: `${name} ${at}`, instruction: pair.docstring, code: withoutDocstrings(code(pair, at)) },
          (request) => scorer.ask(request),
        ),
      ),
    );
  const next = new Map(files.flatMap((own) => own.map((pair, at) => [pair, own[(at + 1) % own.length]])));
  const matched = await likelihoods(({ code }) => code, "own");
  const across = await likelihoods((_, at) => fromAnotherFile(pairs, at).code, "other");
  const within = await likelihoods((pair) => next.get(pair).code, "same");
  await engine.close();
  const row = (name, negatives, others) => {
    const [good, bad] = [matched, others].map((all) =>
      all.map((pair) => pair[name]).filter((x) => x !== null),
    );
    return {
      name,
      negatives,
      pairs: good.length,
      matchedMedian: rounded(median(good)),
      mismatchedMedian: rounded(median(bad)),
      auc: rounded(areaUnderCurve(good, bad)),
    };
  };
  return ["rmi", "coderReviewer"].flatMap((name) => [
    row(name, "other files", across),
    row(name, "same file", within),
  ]);
}

/** In the corpus's own order by hash, so always the same ones. */
async function pairsByFile() {
  const corpus = await openCorpus("stdlib");
  const files = [];
  for await (const item of corpus.files({ seed: SEED })) {
    if (!("file" in item)) continue;
    const { path, text } = item.file;
    const own = pairsOf(path, text).slice(0, MOST_PER_FILE);
    if (own.length > 1) files.push(own);
  }
  return files;
}

function pairsOf(path, text) {
  const tree = parsePython(text);
  const pairs = functionsOf(tree, text).flatMap(({ name, docstring, startIndex, endIndex }) => {
    if (docstring === null || docstring.split(/\s+/u).length < LEAST_WORDS) return [];
    const code = text.slice(startIndex, endIndex);
    const lines = code.split("\n").length - docstring.split("\n").length;
    return lines < LEAST_CODE_LINES ? [] : [{ path, name, docstring, code }];
  });
  tree.delete();
  return pairs;
}

/** The pair half the list away, or the next one that is of another file. */
function fromAnotherFile(pairs, at) {
  for (let step = Math.floor(pairs.length / 2); ; step++) {
    const other = pairs[(at + step) % pairs.length];
    if (other.path !== pairs[at].path) return other;
  }
}

function withoutName({ name, code }) {
  return code.replaceAll(new RegExp(`\\b${name}\\b`, "gu"), "f");
}

/** Mann-Whitney's U over the number of pairs of scores, from ranks. */
function areaUnderCurve(positive, negative) {
  const all = [...positive.map((score) => [score, 1]), ...negative.map((score) => [score, 0])];
  all.sort(([a], [b]) => a - b);
  let rankSum = 0;
  for (let from = 0; from < all.length;) {
    let to = from;
    while (to < all.length && all[to][0] === all[from][0]) to++;
    const positives = all.slice(from, to).filter(([, kind]) => kind === 1).length;
    rankSum += positives * ((from + 1 + to) / 2);
    from = to;
  }
  const least = (positive.length * (positive.length + 1)) / 2;
  return (rankSum - least) / (positive.length * negative.length);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function rounded(value) {
  return Math.round(value * 1e4) / 1e4;
}
