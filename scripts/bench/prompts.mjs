// How much of the prompts a cache can serve: of the set for base models, the share of characters and tokens that stand
// in a beginning seen earlier, with our fixed blocks of examples and with examples drawn for every item in random order,
// as the reference does. The cache forgets nothing and cuts anywhere. Items are functions of the standard library;
// concepts and instructions are those of the teacher without a model. Of several answers to one prompt only the first counts.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { collect, loadGrammar, readSeeds, runPipeline } from "selfalign";
import { shuffled, uniforms } from "../../dist/core/random.js";
import { teachConcepts, teachInstruction } from "../../dist/instruct/docstring.js";
import { readText } from "../../dist/instruct/examples.js";
import { layoutFiles, openLayout } from "../../dist/instruct/layouts.js";
import { openPrompts } from "../../dist/instruct/prompts.js";
import { loadTokenizer } from "../../dist/model/tokenizer.js";

const SEED = 3407;
const ROOT = path.resolve(import.meta.dirname, "../..");
const SMALL = path.join(ROOT, "test/fixtures/tokenizer/tokenizer.json");
const DIFFICULTIES = ["easy", "medium", "hard"];

export async function bench({ size = 300, tokenizer = SMALL, baseUrl }) {
  await loadGrammar();
  const set = await openPrompts("starcoder2");
  const { encode } = await loadTokenizer(path.resolve(tokenizer));
  const drawn = await drawnAnew(set);
  const rows = [];
  const ratios = {};
  for (const [step, items] of Object.entries(itemsOf(await seeds(size)))) {
    const fixed = items.map(({ key, fields }) => set.render(step, fields, blockOf(set, step, key)));
    const random = items.map(({ key, fields }) => drawn(step, fields, key));
    const ours = { ...measured(fixed, encode), ...(await servedBy(baseUrl, fixed)) };
    const theirs = { ...measured(random, encode), ...(await servedBy(baseUrl, random)) };
    rows.push(
      { step, examples: `${set.blocks[step]} blocks`, ...ours },
      { step, examples: "random", ...theirs },
    );
    ratios[`${step}: tokens to compute, random / blocks`] = theirs.tokensToCompute / ours.tokensToCompute;
  }
  return { rows, ratios };
}

async function seeds(size) {
  const outputDir = mkdtempSync(path.join(os.tmpdir(), "selfalign-bench-"));
  try {
    await runPipeline({ outputDir, numSamples: size, stages: ["seeds"] });
    return await collect(readSeeds(outputDir));
  } finally {
    rmSync(outputDir, { recursive: true, force: true });
  }
}

/** What each step is asked about; a function without an instruction has no third step. */
function itemsOf(seeds) {
  const items = { concepts: [], instructions: [], responses: [] };
  for (const seed of seeds) {
    const { key } = seed;
    const { concepts } = teachConcepts(seed).fields;
    const difficulty = DIFFICULTIES[Math.floor(uniforms(SEED, `difficulty:${key}`)() * DIFFICULTIES.length)];
    const taught = teachInstruction({ ...seed, concepts });
    items.concepts.push({ key, fields: { snippet: seed.seed } });
    items.instructions.push({ key, fields: { concepts, difficulty } });
    if ("fields" in taught) items.responses.push({ key, fields: { instruction: taught.fields.instruction } });
  }
  return items;
}

function blockOf(set, step, key) {
  return Math.floor(uniforms(SEED, `block:${step}:${key}`)() * set.blocks[step]);
}

/** Renders with as many examples, but drawn for each item. */
async function drawnAnew(set) {
  const folder = path.join(ROOT, "prompts", set.name);
  const files = layoutFiles(set.kind).map(async (name) => ({
    name,
    text: await readText(path.join(folder, name)),
  }));
  const layout = await openLayout(set.kind, folder, await Promise.all(files));
  return (step, { concepts, ...texts }, key) => {
    const values = concepts === undefined ? texts : { ...texts, concepts: concepts.join(", ") };
    const order = shuffled(set.examples, uniforms(SEED, `shots:${step}:${key}`));
    return layout(step, values, order.slice(0, set.shots(step, 0).length));
  };
}

function measured(prompts, encode) {
  const characters = shareSeen(prompts);
  const tokens = shareSeen(prompts.map(encode));
  return {
    prompts: prompts.length,
    characters: characters.all,
    charactersServed: percent(characters),
    tokens: tokens.all,
    tokensServed: percent(tokens),
    tokensToCompute: tokens.all - tokens.seen,
  };
}

/** What a server's cache held of these prompts, by its own counters. */
async function servedBy(baseUrl, prompts) {
  if (baseUrl === undefined) return {};
  // The connection of the step before may have been closed meanwhile.
  const models = `${baseUrl}/models`;
  const { data } = await (await fetch(models).catch(() => fetch(models))).json();
  const root = new URL("..", `${baseUrl}/`);
  const emptied = await fetch(new URL("reset_prefix_cache", root), { method: "POST" });
  if (!emptied.ok) throw new Error(`${root} does not empty its cache: start it with VLLM_SERVER_DEV_MODE=1`);
  const before = await counted(root);
  for (const prompt of prompts) {
    const body = JSON.stringify({ model: data[0].id, prompt, max_tokens: 1 });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${baseUrl}/completions`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`${baseUrl} answered ${answer.status}: ${await answer.text()}`);
  }
  const after = await counted(root);
  const [all, seen] = [after.queries - before.queries, after.hits - before.hits];
  return { tokensAtServer: all, heldByServer: percent({ seen, all }) };
}

/** vLLM's counters of tokens that its cache was asked for, and of those that it held. */
async function counted(root) {
  const text = await (await fetch(new URL("metrics", root))).text();
  const of = (name) => {
    const [, value] = new RegExp(`^vllm:prefix_cache_${name}_total\\{.*\\} (\\S+)$`, "m").exec(text) ?? [];
    if (value === undefined) throw new Error(`${root}metrics has no vllm:prefix_cache_${name}_total`);
    return Number(value);
  };
  return { queries: of("queries"), hits: of("hits") };
}

function percent({ seen, all }) {
  return `${((100 * seen) / all).toFixed(1)} %`;
}

/** Over texts or lists in their order: their length, and how much of it is the longest beginning that an earlier one has. */
function shareSeen(sequences) {
  const longest = (sequence, at) =>
    sequences.slice(0, at).reduce((most, earlier) => Math.max(most, sharedLength(earlier, sequence)), 0);
  return {
    all: sequences.reduce((sum, { length }) => sum + length, 0),
    seen: sequences.reduce((sum, sequence, at) => sum + longest(sequence, at), 0),
  };
}

function sharedLength(one, other) {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}
