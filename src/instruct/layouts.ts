// From worked examples and one item to a prompt, by templates: `<step>.jinja` writes a whole text to be gone on with;
// `<step>.system.jinja`, `<step>.user.jinja` and `<step>.assistant.jinja` write the messages of a conversation, in which
// each example is a turn of the user and the answer that we would have liked.
import path from "node:path";
import { InputError } from "../core/errors.js";
import type { ChatMessage, Prompt } from "../engine/engine.js";
import type { NamedText, WorkedExample } from "./examples.js";
import type { Step } from "./stage.js";
import { openTemplate, type Template, type TemplateValues } from "./template.js";

/** `completion` for base models, `chat` for those that were taught to answer. */
export const PROMPT_KINDS = ["completion", "chat"] as const;
export type PromptKind = (typeof PROMPT_KINDS)[number];

/** What an item gives to its templates, by name. */
export type ItemValues = Readonly<Record<string, string>>;

/** Makes the prompt of a step; pure. @throws InputError naming file and line. */
export type Layout = (step: Step, item: ItemValues, shots: readonly WorkedExample[]) => Prompt;

const PARTS: Readonly<Record<PromptKind, readonly string[]>> = {
  completion: [""],
  chat: [".system", ".user", ".assistant"],
};

const STEP_NAMES: readonly Step[] = ["concepts", "instructions", "responses"];

/** Names of the templates that a kind needs. */
export function layoutFiles(kind: PromptKind): string[] {
  return STEP_NAMES.flatMap((step) => PARTS[kind].map((part) => fileOf(step, part)));
}

function fileOf(step: Step, part: string): string {
  return `${step}${part}.jinja`;
}

/**
 * Opens the templates of a folder and tries each.
 * @throws InputError naming file and line, for one that can't be rendered, and file and name, for one that does not show
 * what the step is about.
 */
export async function openLayout(
  kind: PromptKind,
  folder: string,
  files: readonly NamedText[],
): Promise<Layout> {
  const opened = files.map(async ({ name, text }) => {
    return [name, await openTemplate(path.join(folder, name), text)] as const;
  });
  const templates = new Map(await Promise.all(opened));
  const layout = kind === "completion" ? completion(templates) : chat(templates);
  for (const step of STEP_NAMES) tryOut(layout, step, path.join(folder, fileOf(step, itemPart(kind))));
  return layout;
}

function completion(templates: ReadonlyMap<string, Template>): Layout {
  // The model goes on behind the last header, whose line it must find unfinished.
  return (step, item, shots) =>
    render(templates, fileOf(step, ""), { ...item, shots: shots.map(shotValues) }).trimEnd();
}

function chat(templates: ReadonlyMap<string, Template>): Layout {
  return (step, item, shots) => {
    const message = (role: ChatMessage["role"], values: TemplateValues): ChatMessage => ({
      role,
      content: render(templates, fileOf(step, `.${role}`), values).trim(),
    });
    const system = message("system", {});
    const turns = shots
      .map(shotValues)
      .flatMap((shot) => [message("user", shot), message("assistant", shot)]);
    // Some models know no system message: an empty template sends none.
    return [...(system.content === "" ? [] : [system]), ...turns, message("user", item)];
  };
}

function render(templates: ReadonlyMap<string, Template>, file: string, values: TemplateValues): string {
  const template = templates.get(file);
  if (template === undefined) throw new Error(`internal: template ${file} was not opened`);
  return template.render(values);
}

function shotValues({ concepts, ...texts }: WorkedExample): TemplateValues {
  return { ...texts, concepts: concepts.join(", ") };
}

function itemPart(kind: PromptKind): string {
  return kind === "completion" ? "" : ".user";
}

/** What a template can count on in an example. */
const SAMPLE: WorkedExample = {
  name: "sample",
  snippet: "snippet",
  concepts: ["concept"],
  category: "category",
  language: "language",
  difficulty: "easy",
  instruction: "instruction",
  reasoning: "reasoning",
  implementation: "implementation",
  explanation: "explanation",
  tests: "tests",
};

/** Values that stand in no example. */
const PROBES: Readonly<Record<Step, ItemValues>> = {
  concepts: { snippet: "probe-of-the-snippet" },
  instructions: { concepts: "probe-of-the-concepts", difficulty: "probe-of-the-difficulty" },
  responses: { instruction: "probe-of-the-instruction" },
};

function tryOut(layout: Layout, step: Step, file: string): void {
  const prompt = layout(step, PROBES[step], [SAMPLE]);
  const text = typeof prompt === "string" ? prompt : (prompt.at(-1)?.content ?? "");
  for (const [name, probe] of Object.entries(PROBES[step]))
    if (!text.includes(probe))
      throw new InputError(
        `template "${file}": the item's own ${name} is nowhere shown; write {{ ${name} }}`,
      );
}
