#!/usr/bin/env node
// Checks prompt sets: `npm run check:prompts` those that come with the package, `npm run check:prompts -- FOLDER` one of
// your own. Renders each step, reads back the answers that it shows, runs each worked example in the sandbox, and says what
// is wrong; exit status 1 if anything is.
await import("./build.mjs");
const { InputError, loadGrammar, openDecontamination, openSandbox } = await import("selfalign");
const { openPrompts, SHIPPED_PROMPTS } = await import("../dist/instruct/prompts.js");
const { proveExamples, unreadAnswers } = await import("../dist/instruct/proof.js");
const { reportError } = await import("./arguments.mjs");

/** An item for each step, only to see how long the prompts are. */
const ITEMS = {
  concepts: { snippet: "def area(width, height):\n    return width * height" },
  instructions: { concepts: ["rectangles", "multiplication"], difficulty: "easy" },
  responses: { instruction: "Write a function `area(width, height)` for rectangles." },
};

async function main(args) {
  const flag = args.find((word) => word.startsWith("-"));
  if (flag !== undefined)
    throw new InputError(`check:prompts knows no flags, but got "${flag}"; name prompt sets or folders`);
  await loadGrammar();
  const decontamination = await openDecontamination();
  const sandbox = await openSandbox({ onNotice: console.error });
  try {
    let wrong = 0;
    for (const name of args.length > 0 ? args : SHIPPED_PROMPTS)
      wrong += await checked(await openPrompts(name), { sandbox, decontamination });
    if (wrong > 0) process.exitCode = 1;
  } finally {
    await sandbox.close();
  }
}

/** Tells about a set; gives the number of faults. */
async function checked(set, judges) {
  console.log(`\n${set.name}: ${set.kind}, ${set.examples.length} examples, ${set.identity}`);
  console.table(Object.entries(ITEMS).map(([step, item]) => stepRow(set, step, item)));
  const proofs = await proveExamples(set.examples, judges);
  console.table(proofs.map(exampleRow));
  const wrong = proofs.filter(({ holds }) => !holds);
  for (const { example, judged } of wrong)
    console.log(`${example}: ${judged.verdict} ${judged.message ?? ""}`);
  const unread = unreadAnswers(set);
  for (const { step, example, problem } of unread) console.log(`${example}, ${step}: ${problem}`);
  console.log(
    `${set.name}: ${proofs.length - wrong.length} of ${proofs.length} examples hold, ` +
      `${unread.length} answers shown in the prompts can't be read back`,
  );
  return wrong.length + unread.length;
}

function stepRow(set, step, item) {
  const lengths = Array.from({ length: set.blocks[step] }, (_, block) => {
    const prompt = set.render(step, item, block);
    const texts = typeof prompt === "string" ? [prompt] : prompt.map(({ content }) => content);
    return texts.join("").length;
  });
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  return {
    step,
    blocks: lengths.length,
    shots: set.shots(step, 0).length,
    characters: `${shortest}..${longest}`,
  };
}

function exampleRow({ example, judged, metrics, contamination, shared }) {
  const { verdict, mode, asserts, mutationScore } = judged;
  const copied = contamination === null ? "clean" : `${contamination.item} ${contamination.kind}`;
  const { pep8, annotationCoverage: annotated } = metrics;
  return {
    example,
    verdict,
    mode,
    asserts,
    mutationScore,
    pep8,
    annotated,
    copied,
    shared: shared.join(", "),
  };
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
