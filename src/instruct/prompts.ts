// Prompt sets: how the three steps S->C, C->I, I->R are put to a model. A set is a folder: `set.yaml` (what kind, how many
// examples), the layout of each step in Jinja, and a folder of worked examples. The examples come in a few fixed blocks,
// the same for many items, and the item's own text comes last: an engine computes what stands before it once and keeps it.
import { existsSync } from "node:fs";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { shuffled, uniforms } from "../core/random.js";
import { keyOf } from "../core/record.js";
import type { Prompt } from "../engine/engine.js";
import { PACKAGE_ROOT } from "../package.js";
import { readExamples, readText, type Difficulty, type NamedText, type WorkedExample } from "./examples.js";
import { layoutFiles, openLayout, PROMPT_KINDS, type ItemValues, type PromptKind } from "./layouts.js";
import type { Step } from "./stage.js";
import { readFields, type Fields } from "./yaml.js";

/** Sets that come with this package. */
export const SHIPPED_PROMPTS = ["starcoder2", "chat"] as const;

/** What a step's prompt is about. */
export interface StepFields {
  readonly concepts: { readonly snippet: string };
  readonly instructions: { readonly concepts: readonly string[]; readonly difficulty: Difficulty };
  readonly responses: { readonly instruction: string };
}

export interface PromptSet {
  /** The folder's name. */
  readonly name: string;
  readonly kind: PromptKind;
  /** sha1 over the names and texts of its files. */
  readonly identity: string;
  /** Names and texts of its files; those of the worked examples begin with `examples/`. */
  readonly files: readonly NamedText[];
  /** By name. */
  readonly examples: readonly WorkedExample[];
  /** Strings that end an answer. */
  readonly stop: readonly string[];
  /** How many fixed blocks of examples a step has. */
  readonly blocks: Readonly<Record<Step, number>>;
  /** The examples of a block, from 0, in the order in which they are shown. */
  readonly shots: (step: Step, block: number) => readonly WorkedExample[];
  /** The prompt with the examples of a block: a text to be gone on with, or messages. What stands before the fields is the same for all. */
  readonly render: <S extends Step>(step: S, fields: StepFields[S], block: number) => Prompt;
}

/**
 * Opens a set that comes with this package, by its name, or a folder with one.
 * @throws InputError naming file and field or line, for a set that could not render each of its steps.
 */
export async function openPrompts(nameOrFolder: string): Promise<PromptSet> {
  const folder = folderOf(nameOrFolder);
  const file = path.join(folder, "set.yaml");
  const text = await readText(file);
  const fields = await readFields(file, text, ["kind", "stop", "examples", "shots", "blocks"]);
  const kind = fields.choice("kind", PROMPT_KINDS);
  const stop = fields.texts("stop");
  const { examples, texts } = await readExamples(path.resolve(folder, fields.text("examples")));
  refuseStops(stop, examples, fields);
  const blocks = blocksOf(fields, examples);
  const names = layoutFiles(kind);
  const files = await Promise.all(
    names.map(async (name) => ({ name, text: await readText(path.join(folder, name)) })),
  );
  const layout = await openLayout(kind, folder, files);
  const shots = (step: Step, block: number): readonly WorkedExample[] => {
    const found = blocks[step][block];
    if (found === undefined) throw new Error(`internal: step ${step} has no block ${block}`);
    return found;
  };
  const sources = [
    { name: "set.yaml", text },
    ...files,
    ...texts.map((example) => ({ ...example, name: `examples/${example.name}` })),
  ];
  return {
    name: path.basename(folder),
    kind,
    identity: keyOf(...sources.flatMap((source) => [source.name, source.text])),
    files: sources,
    examples,
    stop,
    blocks: perStep((step) => blocks[step].length),
    shots,
    render: (step, item, block) => layout(step, valuesOf(item), shots(step, block)),
  };
}

function folderOf(nameOrFolder: string): string {
  const shipped = SHIPPED_PROMPTS.find((name) => name === nameOrFolder);
  if (shipped !== undefined) return path.join(PACKAGE_ROOT, "prompts", shipped);
  const folder = path.resolve(nameOrFolder);
  if (existsSync(folder)) return folder;
  throw new InputError(
    `prompt set "${nameOrFolder}" does not exist: choose from ${SHIPPED_PROMPTS.join(", ")}, or name a folder`,
  );
}

function perStep<Value>(make: (step: Step) => Value): Record<Step, Value> {
  return {
    concepts: make("concepts"),
    instructions: make("instructions"),
    responses: make("responses"),
  };
}

function valuesOf(fields: StepFields[Step]): ItemValues {
  return "concepts" in fields ? { ...fields, concepts: fields.concepts.join(", ") } : { ...fields };
}

/** An example that holds a stop string teaches the model to stop in the middle. */
function refuseStops(stop: readonly string[], examples: readonly WorkedExample[], settings: Fields): void {
  for (const { name, ...fields } of examples) {
    for (const [field, value] of Object.entries(fields)) {
      const held = stop.find((string) => String(value).includes(string));
      if (held !== undefined)
        throw settings.refusal("stop", `"${held}" stands in ${field} of the example ${name}; change either`);
    }
  }
}

function blocksOf(settings: Fields, examples: readonly WorkedExample[]): Record<Step, WorkedExample[][]> {
  const steps = ["concepts", "instructions", "responses"];
  const shots = settings.fields("shots", steps);
  const blocks = settings.fields("blocks", steps);
  return perStep((step) => {
    const size = shots.count(step);
    const count = blocks.count(step);
    if (size > examples.length)
      throw shots.refusal(
        step,
        `${size} examples are to be shown, but there are ${examples.length}; add some`,
      );
    const needed = Math.ceil(examples.length / size);
    if (count < needed)
      throw blocks.refusal(
        step,
        `${count} blocks leave some of ${examples.length} examples out; write ${needed}`,
      );
    return dealt(examples, size, count, uniforms(0, `shots:${step}`));
  });
}

/** Deals the examples out like cards, shuffled anew each time all have been dealt; none comes twice in a block. */
function dealt(
  examples: readonly WorkedExample[],
  size: number,
  count: number,
  next: () => number,
): WorkedExample[][] {
  let waiting: WorkedExample[] = [];
  return Array.from({ length: count }, () => {
    if (waiting.length < size) waiting = [...waiting, ...shuffled(examples, next)];
    const block = [...new Set(waiting)].slice(0, size);
    for (const example of block) waiting.splice(waiting.indexOf(example), 1);
    return block;
  });
}
