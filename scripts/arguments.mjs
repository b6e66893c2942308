// Reads a command line by a table of flags. Underscores are taken for hyphens (`--num_samples`), `--flag=value` for
// `--flag value`; an unknown flag names those that exist.
import { InputError } from "selfalign";

/**
 * @typedef {object} Flag
 * @property {"text" | "texts" | "count" | "number" | "switch" | "list"} kind
 * @property {string} about One line of help.
 * @property {string} [value] Name of the value in the help.
 * @property {unknown} [fallback] Default, shown in the help.
 */

/**
 * Values of the flags in `args`, and what stands beside them. A flag that comes twice counts the last time.
 * @param {readonly string[]} args
 * @param {Record<string, Flag>} table
 */
export function parseFlags(args, table) {
  const values = Object.fromEntries(
    Object.entries(table).map(([name, { kind, fallback }]) => [
      name,
      kind === "list" || kind === "texts" ? [] : kind === "switch" ? false : fallback,
    ]),
  );
  const others = [];
  const rest = [...args];
  while (rest.length > 0) {
    const word = rest.shift();
    if (!word.startsWith("--")) {
      if (word === "-h") values.help = true;
      else if (word.startsWith("-") && word.length > 1) throw unknownFlag(word, table);
      else others.push(word);
      continue;
    }
    const [written, ...inline] = word.split("=");
    const name = written.slice(2).replaceAll("_", "-");
    if (name === "help") {
      values.help = true;
      continue;
    }
    const flag = table[name];
    if (flag === undefined) throw unknownFlag(written, table);
    if (flag.kind === "switch") {
      if (inline.length > 0) throw new InputError(`${written} takes no value, but got "${inline.join("=")}"`);
      values[name] = true;
      continue;
    }
    const given = inline.length > 0 ? inline.join("=") : rest.shift();
    if (given === undefined || given === "" || (inline.length === 0 && given.startsWith("--")))
      throw new InputError(`${written} needs a value: ${written} ${flag.value}`);
    if (flag.kind === "list") values[name].push(...given.split(","));
    else if (flag.kind === "texts") values[name].push(given);
    else values[name] = flag.kind === "text" ? given : numberOf(written, given, flag);
  }
  return { values, others };
}

function numberOf(written, given, { kind, value }) {
  const number = Number(given);
  const whole =
    kind === "count" ? Number.isSafeInteger(number) && number >= 1 : Number.isFinite(number) && number >= 0;
  if (given.trim() === "" || !whole) {
    const wanted = kind === "count" ? "a whole number of at least 1" : "a number of at least 0";
    throw new InputError(`${written} ${value} must be ${wanted}, not "${given}"`);
  }
  return number;
}

function unknownFlag(written, table) {
  const names = [...Object.keys(table), "help"].map((name) => `--${name}`);
  return new InputError(`flag "${written}" does not exist: choose from ${names.join(", ")}`);
}

/** Help text of a command. */
export function helpOf(usage, about, table) {
  const rows = Object.entries(table).map(([name, flag]) => [
    `  --${name}${flag.value === undefined ? "" : ` ${flag.value}`}`,
    flag.fallback === undefined ? flag.about : `${flag.about} (default ${flag.fallback})`,
  ]);
  rows.push(["  --help", "this text"]);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [`Usage: ${usage}`, "", about, "", ...rows.map(([left, right]) => left.padEnd(width) + right)].join(
    "\n",
  );
}

/** Exit status for an error: 2 for the caller's mistakes, 130 for a run that was stopped, otherwise 1. Prints it. */
export function reportError(error) {
  const told = error instanceof Error && ["InputError", "Interrupted"].includes(error.name);
  console.error(told ? `selfalign: ${error.message}` : error);
  if (!told) return 1;
  return error.name === "Interrupted" ? 130 : 2;
}
