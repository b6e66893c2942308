// How an instruction and its response become one text: one template for training and for asking the trained model, so that
// it is asked as it was taught. In: a template, an instruction, a response. Out: the text before the response, and the
// response with what follows it.
import { InputError } from "../core/errors.js";

/**
 * The template unless another is given: one sentence, then instruction and response under headings, a layout after
 * https://github.com/bigcode-project/starcoder2-self-align. What begins and ends a text for the model is the trainer's to add.
 */
export const TRAINING_TEMPLATE = `You write Python for people who say what they need. Answer with code that works as it stands.

### Instruction
{{ instruction }}

### Response
{{ response }}`;

/** A template that is understood. */
export interface Template {
  /** What the model is shown: everything before the response. */
  readonly prompt: (instruction: string) => string;
  /** What the model is to write: the response and everything after it. */
  readonly completion: (response: string) => string;
}

/** A template's two names, in Jinja's writing. */
const PLACE = /(?<!\{)\{\{\s*(\w+)\s*\}\}/g;
/** Whatever else means something to Jinja. */
const FOREIGN = /\{[{%#]/;

/**
 * Reads a template: text with `{{ instruction }}` and after it `{{ response }}`, once each. It is a Jinja template too, and
 * means the same there; as there, line breaks are `\n`, and one at the very end is no part of it.
 * @throws InputError for any other name or tag, and where one of the two is missing.
 */
export function parseTemplate(template: string): Template {
  const text = template.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  const [before = "", first, between = "", second, after = "", ...more] = text.split(PLACE);
  const foreign = [before, between, after].some((part) => FOREIGN.test(part));
  if (first !== "instruction" || second !== "response" || more.length > 0 || foreign) {
    throw new InputError(
      `a template must hold {{ instruction }} and after it {{ response }}, once each, and nothing else in braces, not ` +
        JSON.stringify(excerpt(text)),
    );
  }
  return {
    prompt: (instruction) => before + instruction + between,
    completion: (response) => response + after,
  };
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
