// Small Python functions that a scripted model writes: a dozen families, each with numbers of its own. What they return is
// worked out here, in TypeScript, so that a test which holds is right by two programs and not by one.

export interface Program {
  readonly name: string;
  /** What it does, as a sentence of an exercise. */
  readonly task: string;
  readonly code: string;
  readonly asserts: readonly string[];
}

interface Family {
  readonly parameter: string;
  readonly task: (a: number, b: number) => string;
  /** Lines of the body. */
  readonly body: (a: number, b: number) => readonly string[];
  readonly inputs: readonly (string | number | readonly number[])[];
  readonly value: (input: never, a: number, b: number) => unknown;
}

const LISTS = [[], [7], [3, 1, 4, 1, 5, 9, 2, 6]];
const TEXTS = ["", "abc xyz", "Hello, World"];
const COUNTS = [0, 9, 4_711];

/** By the first word of the function's name. */
const FAMILIES: Readonly<Record<string, Family>> = {
  scaled: {
    parameter: "values: list[int]",
    task: (a, b) => `multiplies every value by ${a} and adds ${b}`,
    body: (a, b) => [`return [${a} * value + ${b} for value in values]`],
    inputs: LISTS,
    value: (values: number[], a, b) => values.map((value) => a * value + b),
  },
  clipped: {
    parameter: "values: list[int]",
    task: (a, b) => `moves every value into the range from ${a} to ${a + b}`,
    body: (a, b) => [`return [min(max(value, ${a}), ${a + b}) for value in values]`],
    inputs: LISTS,
    value: (values: number[], a, b) => values.map((value) => Math.min(Math.max(value, a), a + b)),
  },
  thinned: {
    parameter: "values: list[int]",
    task: (a) => `keeps the first of every ${a} values`,
    body: (a) => [`return values[::${a}]`],
    inputs: LISTS,
    value: (values: number[], a) => values.filter((_, at) => at % a === 0),
  },
  chunked: {
    parameter: "values: list[int]",
    task: (a) => `cuts the values into pieces of ${a}, the last of which may be shorter`,
    body: (a) => [`return [values[at : at + ${a}] for at in range(0, len(values), ${a})]`],
    inputs: LISTS,
    value: (values: number[], a) =>
      Array.from({ length: Math.ceil(values.length / a) }, (_, at) => values.slice(a * at, a * at + a)),
  },
  rotated: {
    parameter: "values: list[int]",
    task: (a) => `moves the first ${a} values to the end, beginning anew when there are fewer`,
    body: (a) => [
      "if not values:",
      "    return []",
      `start = ${a} % len(values)`,
      "return values[start:] + values[:start]",
    ],
    inputs: LISTS,
    value: (values: number[], a) => {
      const start = a % Math.max(1, values.length);
      return [...values.slice(start), ...values.slice(0, start)];
    },
  },
  summed: {
    parameter: "number: int",
    task: (a, b) => `adds ${a} to ${b} times the number and returns the sum of the digits`,
    body: (a, b) => [`return sum(int(digit) for digit in str(${a} + ${b} * number))`],
    inputs: COUNTS,
    value: (number: number, a, b) =>
      Array.from(String(a + b * number)).reduce((sum, digit) => sum + Number(digit), 0),
  },
  counted: {
    parameter: "values: list[int]",
    task: (a, b) => `counts the values above ${a} that ${b} does not divide`,
    body: (a, b) => [`return sum(1 for value in values if value > ${a} and value % ${b})`],
    inputs: LISTS,
    value: (values: number[], a, b) => values.filter((value) => value > a && value % b !== 0).length,
  },
  shifted: {
    parameter: "text: str",
    task: (a) => `moves every small letter ${a} places on in the alphabet, from z back to a`,
    body: (a) => [
      'letters = "abcdefghijklmnopqrstuvwxyz"',
      `return "".join(letters[(letters.index(c) + ${a}) % 26] if c in letters else c for c in text)`,
    ],
    inputs: TEXTS,
    value: (text: string, a) =>
      text.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 97 + a) % 26) + 97)),
  },
  repeated: {
    parameter: "text: str",
    task: (a, b) => `writes the text ${a} times with ${b} dashes between`,
    body: (a, b) => [`return ("-" * ${b}).join([text] * ${a})`],
    inputs: TEXTS,
    value: (text: string, a, b) => Array.from({ length: a }, () => text).join("-".repeat(b)),
  },
  running: {
    parameter: "values: list[int]",
    task: (a, b) => `returns the running totals, beginning at ${a} and losing ${b} with every value`,
    body: (a, b) => [
      `total = ${a}`,
      "totals = []",
      "for value in values:",
      `    total += value - ${b}`,
      "    totals.append(total)",
      "return totals",
    ],
    inputs: LISTS,
    value: (values: number[], a, b) =>
      values.map((_, at) => values.slice(0, at + 1).reduce((sum, value) => sum + value - b, a)),
  },
  written: {
    parameter: "number: int",
    task: (a) => `writes the number in base ${a}`,
    body: (a) => [
      'digits = ""',
      "while number:",
      `    number, digit = divmod(number, ${a})`,
      "    digits = str(digit) + digits",
      'return digits or "0"',
    ],
    inputs: COUNTS,
    value: (number: number, a) => number.toString(a),
  },
  spaced: {
    parameter: "values: list[int]",
    task: (a, b) => `returns ${a} times the distance of each value from the one before, and at least ${b}`,
    body: (a, b) => [`return [max(${b}, ${a} * abs(x - y)) for x, y in zip(values, values[1:])]`],
    inputs: LISTS,
    value: (values: number[], a, b) =>
      values.slice(1).map((value, at) => Math.max(b, a * Math.abs(value - (values[at] ?? 0)))),
  },
};

export const FAMILY_NAMES: readonly string[] = Object.keys(FAMILIES);

/** The function of a family that is told from its like by a number. */
export function programOf(family: string, number: number): Program {
  const found = FAMILIES[family];
  if (found === undefined) throw new Error(`there is no family ${family}`);
  const { parameter, task, body, inputs, value } = found;
  const [a, b] = [2 + (number % 8), 2 + (Math.floor(number / 8) % 8)];
  const name = `${family}_${number}`;
  const sentence = task(a, b);
  const lines = [`def ${name}(${parameter}):`, `    """A function that ${sentence}."""`];
  return {
    name,
    task: sentence,
    code: [...lines, ...body(a, b).map((line) => `    ${line}`)].join("\n"),
    // JSON of numbers, texts and lists is Python. A family's `value` takes what its `inputs` are.
    asserts: inputs.map(
      (input) => `assert ${name}(${JSON.stringify(input)}) == ${JSON.stringify(value(input as never, a, b))}`,
    ),
  };
}

/** The function that an exercise asks for by name. */
export function programIn(exercise: string): Program {
  const [, family = "", number = ""] = /`([a-z]+)_(\d+)\(/.exec(exercise) ?? [];
  return programOf(family, Number(number));
}
