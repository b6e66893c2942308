// Style findings and formatting of Python text, by ruff compiled to WebAssembly (this file alone knows the package).
// In: any text. Out: findings grouped by family, and how many lines the formatter would change. Code that cannot be
// parsed is an answer with a reason, never an exception. Nothing is loaded before the first call, which takes about a
// second; later calls are synchronous and take well under a millisecond for a function.
import { createRequire } from "node:module";
import type { Finding } from "../core/record.js";

/** Why ruff could not look at everything: the code is not Python, or is nested deeper than its parser can follow. */
export type LintReason = "invalid-syntax" | "too-deep";

/** Findings by family, each in the order of lines. */
export interface LintReport {
  /** pycodestyle's E and W without the ones that pycodestyle itself leaves off by default. */
  readonly pep8: readonly Finding[];
  /** pydocstyle's D in the pep257 convention, without D100: a response is an excerpt, not a module. */
  readonly docstring: readonly Finding[];
  /** flake8-annotations' ANN: one finding for each parameter or return that has no annotation. */
  readonly annotations: readonly Finding[];
  /** pep8-naming's N. */
  readonly naming: readonly Finding[];
  /** Pyflakes' F: unused imports, undefined names and the like. */
  readonly pyflakes: readonly Finding[];
  /** null when everything was looked at; otherwise the findings above are what could still be said. */
  readonly reason: LintReason | null;
  /** The parser's complaints where the reason is `invalid-syntax`, under the code `invalid-syntax`. */
  readonly syntax: readonly Finding[];
}

type Family = "pep8" | "docstring" | "annotations" | "naming" | "pyflakes" | "syntax";

interface Diagnostic {
  readonly code: string | null;
  readonly message: string;
  readonly start_location: { readonly row: number; readonly column: number };
}

interface Workspace {
  check(text: string): readonly Diagnostic[];
  format(text: string): string;
  tokens(text: string): string;
}

interface RuffModule {
  readonly Workspace: new (settings: object, encoding: number) => Workspace;
  readonly PositionEncoding: { readonly Utf16: number };
}

/** Line length of PEP 8. */
const LINE_LENGTH = 79;

const settings = {
  "line-length": LINE_LENGTH,
  // In preview ruff reports names of rules instead of codes unless told otherwise.
  "output-prefer-rule-codes": true,
  lint: {
    // Most of pycodestyle's logical-line checks (E1, E2, E3) exist in preview only.
    preview: true,
    select: ["E", "W", "D", "ANN", "N", "F"],
    // pycodestyle leaves E226, E241 and E242 off because PEP 8 does not settle them; D418 and D421 are not of pep257.
    ignore: ["E226", "E241", "E242", "D100", "D418", "D421"],
    pydocstyle: { convention: "pep257" },
  },
  format: { "quote-style": "preserve" },
};

interface Ruff {
  readonly linter: Workspace;
  readonly formatter: Workspace;
}

const require = createRequire(import.meta.url);
const PACKAGE = "@astral-sh/ruff-wasm-nodejs";
let loaded: Ruff | null = null;

function load(): Ruff {
  if (loaded !== null) return loaded;
  // A cast because require() cannot know; the interfaces above name what is used of the package.
  const { Workspace, PositionEncoding } = require(PACKAGE) as RuffModule;
  const workspace = (target: string) =>
    new Workspace({ ...settings, "target-version": target }, PositionEncoding.Utf16);
  // The formatter's target is one behind: for 3.14 it takes the parentheses off `except (A, B):`.
  loaded = { linter: workspace("py314"), formatter: workspace("py313") };
  return loaded;
}

/** A stack overflow leaves the WebAssembly stack where it was: that instance must not be used again. */
function unload(): void {
  loaded = null;
  Reflect.deleteProperty(require.cache, require.resolve(PACKAGE));
}

/** What `use` returns, or the reason why ruff gave up. */
function attempt<T>(use: (ruff: Ruff) => T): { readonly value: T } | { readonly reason: LintReason } {
  try {
    return { value: use(load()) };
  } catch (error) {
    if (error instanceof RangeError || (error instanceof Error && error.name === "RuntimeError")) {
      unload();
      return { reason: "too-deep" };
    }
    if (error instanceof Error && error.message.includes(" at byte range "))
      return { reason: "invalid-syntax" };
    throw new Error(`internal: ruff failed on a text: ${String(error)}`, { cause: error });
  }
}

// Comments that silence or excuse findings; ruff's WebAssembly interface has no switch to ignore them.
const pragma = /\b(?:noqa|nosec|(?:ruff|flake8|fmt|yapf|isort|type|pyright|pylint)(?=\s*:))/giu;

/**
 * The text with every pragma comment (`# noqa`, `# ruff:`, `# fmt: off`, `# type: ignore`, `# pyright:` …) spoilt by
 * one letter, so that it counts as an ordinary comment. Lengths and lines stay; strings are left alone.
 */
export function withoutPragmas(text: string): string {
  if (text.search(pragma) < 0) return text;
  const tokens = attempt((ruff) => ruff.linter.tokens(text));
  if (!("value" in tokens)) return text;
  // Token offsets are bytes of UTF-8.
  const bytes = Buffer.from(text, "utf8");
  for (const [, start, end] of tokens.value.matchAll(/^ *Comment (\d+)\.\.(\d+)/gmu)) {
    const from = Number(start);
    const comment = bytes.toString("utf8", from, Number(end));
    bytes.write(comment.replace(pragma, spoilt), from, "utf8");
  }
  return bytes.toString("utf8");
}

function spoilt(word: string): string {
  return `${word.slice(0, 1)}x${word.slice(2)}`;
}

/** Files end in a line feed; code cut out of Markdown need not, and is not blamed for it. */
function asFile(code: string): string {
  const text = withoutPragmas(code);
  return text.endsWith("\n") || text === "" ? text : `${text}\n`;
}

function familyOf(code: string): Family {
  if (code.startsWith("ANN")) return "annotations";
  if (code.startsWith("D")) return "docstring";
  if (code.startsWith("N")) return "naming";
  if (code.startsWith("F")) return "pyflakes";
  return /^[EW]\d/u.test(code) ? "pep8" : "syntax";
}

function byPosition(a: Diagnostic, b: Diagnostic): number {
  const [from, to] = [a.start_location, b.start_location];
  return from.row - to.row || from.column - to.column || (a.code ?? "").localeCompare(b.code ?? "", "en");
}

/**
 * Findings of ruff on `code`, with line numbers of `code`. Rules and settings: PEP 8's 79 columns, preview rules on,
 * pragma comments without effect, syntax up to Python 3.14.
 */
export function lint(code: string): LintReport {
  const found: Record<Family, Finding[]> = {
    pep8: [],
    docstring: [],
    annotations: [],
    naming: [],
    pyflakes: [],
    syntax: [],
  };
  const checked = attempt((ruff) => ruff.linter.check(asFile(code)));
  if (!("value" in checked)) return { ...found, reason: checked.reason };
  for (const { code: rule, message, start_location } of [...checked.value].sort(byPosition)) {
    const finding = { code: rule ?? "invalid-syntax", line: start_location.row, message };
    found[familyOf(finding.code)].push(finding);
  }
  return { ...found, reason: found.syntax.length > 0 ? "invalid-syntax" : null };
}

/** `code` as ruff's formatter writes it (79 columns, quotes kept, `# fmt:` without effect), or null where it cannot. */
export function formatted(code: string): string | null {
  const text = asFile(code);
  const result = attempt((ruff) => ruff.formatter.format(text));
  return "value" in result ? result.value : null;
}

/** A file as ruff's formatter writes it (79 columns, quotes kept, its `# fmt:` obeyed), or null where it cannot. */
export function formattedFile(text: string): string | null {
  const result = attempt((ruff) => ruff.formatter.format(text));
  return "value" in result ? result.value : null;
}

/**
 * Share of lines that the formatter would change, 0..1: edits of whole lines (a changed, an inserted and a removed
 * line count one each) over the lines of the longer text. null where the formatter cannot read the code.
 */
export function formatChanged(code: string): number | null {
  const after = formatted(code);
  if (after === null) return null;
  const before = linesOf(asFile(code));
  const lines = linesOf(after);
  const longer = Math.max(before.length, lines.length);
  return longer === 0 ? 0 : lineEdits(before, lines) / longer;
}

function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/** Levenshtein's distance over lines: O(n m) time on what is left between a common head and tail, O(m) memory. */
function lineEdits(a: readonly string[], b: readonly string[]): number {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  const room = Math.min(a.length, b.length) - head;
  while (tail < room && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const rows = a.slice(head, a.length - tail);
  const columns = b.slice(head, b.length - tail);
  let above = columns.map((_, j) => j + 1);
  for (const [i, line] of rows.entries()) {
    let left = i + 1;
    let diagonal = i;
    above = columns.map((other, j) => {
      const up = above[j] ?? 0;
      left = Math.min(left + 1, up + 1, diagonal + (line === other ? 0 : 1));
      diagonal = up;
      return left;
    });
  }
  return above.at(-1) ?? rows.length;
}
