#!/usr/bin/env node
// Makes data/replay/stdlib.jsonl, the transcripts that `replay:` answers from, out of the written examples in data/replay/stdlib:
// `node scripts/build-replay.mjs [OUT.jsonl]`. A file of examples begins with `# PATH FUNCTION`, the seed; what stands before the
// first `## ` is a note for readers. `## concepts`, `## instruction` and `## response N` begin an answer; behind a colon stands
// what is expected to come of it, and `, cut off` says that it ends at the limit of tokens.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const { InputError } = await import("selfalign");
const { reportError } = await import("./arguments.mjs");

const folder = path.resolve(import.meta.dirname, "../data/replay/stdlib");
const TITLE = /^# (\S+) (\w+)\n/;
const HEADER = /^## (?:(concepts|instruction)|response (\d+))(, cut off)?(?:: ([a-z-]+))?$/;

/** The rows of one file. */
function rowsOf(name) {
  const text = readFileSync(path.join(folder, name), "utf8");
  const [title, file, symbol] = TITLE.exec(text) ?? [];
  if (title === undefined) throw new InputError(`${name} line 1 must be "# PATH FUNCTION"`);
  const [, ...answers] = text.split(/^(?=## )/m);
  return answers.map((answer) => {
    const [header, ...lines] = answer.split("\n");
    const match = HEADER.exec(header);
    if (match === null) throw new InputError(`${name}: "${header}" must be e.g. "## response 0: verified"`);
    const [, prose, number, cut, expected] = match;
    return {
      step: prose === undefined ? "responses" : prose.replace(/n$/, "ns"),
      path: file,
      function: symbol,
      index: Number(number ?? 0),
      text: lines.join("\n").trim(),
      finish: cut === undefined ? "stop" : "length",
      expected: expected ?? null,
      written: true,
    };
  });
}

function main([target = path.resolve(folder, "../stdlib.jsonl")]) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
  const rows = names.sort().flatMap(rowsOf);
  writeFileSync(target, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  console.log(`${path.relative(process.cwd(), target)}: ${rows.length} answers for ${names.length} seeds`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
