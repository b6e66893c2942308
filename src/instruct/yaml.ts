// Small YAML files that a researcher writes: a mapping with known fields, each checked as it is taken out.
import { InputError } from "../core/errors.js";
import { isRecord } from "../core/json.js";

/** A mapping whose fields are taken out one by one; every way to take one throws InputError naming file and field. */
export interface Fields {
  /** Text that is not blank, without blanks at its end. */
  readonly text: (name: string) => string;
  /** One of the choices. */
  readonly choice: <Choice extends string>(name: string, choices: readonly Choice[]) => Choice;
  /** List of texts that are not empty. */
  readonly texts: (name: string) => readonly string[];
  /** Whole number from 1. */
  readonly count: (name: string) => number;
  /** A mapping inside this one. */
  readonly fields: (name: string, known: readonly string[]) => Fields;
  /** Refuses what was taken out for a reason of the caller's. */
  readonly refusal: (name: string, problem: string) => InputError;
}

/**
 * Reads a YAML mapping with exactly the fields `known`; `file` is what errors call it.
 * @throws InputError naming the file, and the line of what is not YAML or the field that is missing or unknown.
 */
export async function readFields(file: string, text: string, known: readonly string[]): Promise<Fields> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text, { prettyErrors: true });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = problem.linePos?.[0].line ?? 1;
    const what = problem.message.split(/ at line \d+|\n/)[0] ?? "";
    throw new InputError(`"${file}" line ${line} is not YAML: ${what}`, { cause: problem });
  }
  return fieldsOf(file, document.toJS() as unknown, "", known);
}

function fieldsOf(file: string, values: unknown, path: string, known: readonly string[]): Fields {
  const refusal = (name: string, problem: string): InputError =>
    new InputError(`"${file}" ${path}${name}: ${problem}`);
  if (!isRecord(values))
    throw new InputError(`"${file}" ${path.slice(0, -1)}: expected a mapping with ${known.join(", ")}`);
  for (const name of Object.keys(values))
    if (!known.includes(name)) throw refusal(name, `unknown field; the fields are ${known.join(", ")}`);
  for (const name of known) if (!(name in values)) throw refusal(name, "missing; add the field");
  const text = (name: string): string => {
    const value = values[name];
    if (typeof value !== "string" || value.trim() === "")
      throw refusal(name, "expected text; put numbers and the like in quotes");
    return value.trimEnd();
  };
  return {
    text,
    choice: (name, choices) => {
      const value = text(name);
      const found = choices.find((choice) => choice === value);
      if (found === undefined)
        throw refusal(name, `"${value}" does not exist; choose from ${choices.join(", ")}`);
      return found;
    },
    texts: (name) => {
      const value = values[name];
      const list: readonly unknown[] = Array.isArray(value) ? value : [null];
      if (!list.every((item): item is string => typeof item === "string" && item !== ""))
        throw refusal(name, "expected a list of texts; write [] for none");
      return list;
    },
    count: (name) => {
      const value = values[name];
      if (typeof value !== "number" || !Number.isInteger(value) || value < 1)
        throw refusal(name, `${JSON.stringify(value)} is not a whole number from 1`);
      return value;
    },
    fields: (name, inner) => fieldsOf(file, values[name], `${path}${name}.`, inner),
    refusal,
  };
}
