// Which files training takes and what it makes of them, one function for each rule; a file that is left out has a reason.
// `mentions` is the rule of the Hugging Face course (chapter 7.6, codeparrot-ds): a word counts wherever it stands in the text, in
// the middle of another word too. `scripts`, `unique` and formatting are those of JBlitzar/code-completion, which gathered small
// programs from GitHub; its formatter was autopep8, ours is ruff's.
import { createHash } from "node:crypto";
import type { CorpusReason } from "../corpus/decode.js";
import type { SourceFile } from "../core/record.js";
import { withoutRemarks, type Remark } from "../python/remarks.js";
import { formattedFile } from "../python/ruff.js";

/** Libraries of which the course's files mention at least one. */
export const DATA_SCIENCE: readonly string[] = ["pandas", "sklearn", "matplotlib", "seaborn"];

export type DropReason =
  | CorpusReason
  | "no-keyword"
  // Of `scripts`:
  | "not-top-level"
  | "setup-file"
  | "too-short"
  | "too-long"
  // Of `unique`:
  | "exact-copy"
  // Of `format`:
  | "not-formattable";

export interface FilterOptions {
  /** Texts of which a file has at least one; default none, which asks for nothing. */
  readonly mentions?: readonly string[];
  /** Only files at the top of a repository, of 1,000 to 100,000 bytes, that are no setup.py. Default false. */
  readonly scripts?: boolean;
  /** Of files with equal contents (SHA-256) only the first. Default false. */
  readonly unique?: boolean;
  /** Files as ruff's formatter writes them; default false. */
  readonly format?: boolean;
  /** What is taken out of every file that parses; default nothing. */
  readonly without?: readonly Remark[];
}

/** Why a text is left out, or null. */
export function dropOf(text: string, mentions: readonly string[]): DropReason | null {
  return mentions.length === 0 || mentions.some((word) => text.includes(word)) ? null : "no-keyword";
}

const SCRIPT_BYTES = { least: 1_000, most: 100_000 };

/** Why a file is no script, or null. */
export function notScript({ path, text }: Pick<SourceFile, "path" | "text">): DropReason | null {
  if (path.includes("/")) return "not-top-level";
  if (path === "setup.py") return "setup-file";
  const bytes = Buffer.byteLength(text);
  if (bytes < SCRIPT_BYTES.least) return "too-short";
  return bytes > SCRIPT_BYTES.most ? "too-long" : null;
}

/** A function that says whether a text has come before. */
function copiesSeen(): (text: string) => boolean {
  const seen = new Set<string>();
  return (text) => {
    const digest = createHash("sha256").update(text).digest("base64");
    return seen.size === seen.add(digest).size;
  };
}

/** A file to learn from, or why it is none. `parsed` is false where nothing could be taken out, since it does not parse. */
export type Filtered = { readonly text: string; readonly parsed: boolean } | { readonly reason: DropReason };

/** A function that files go through in their order; it remembers them where copies are to be found. */
export function openFilter({
  mentions = [],
  scripts = false,
  unique = false,
  format = false,
  without = [],
}: FilterOptions): (file: SourceFile) => Filtered {
  const isCopy = copiesSeen();
  return (file) => {
    const reason = dropOf(file.text, mentions) ?? (scripts ? notScript(file) : null);
    if (reason !== null) return { reason };
    if (unique && isCopy(file.text)) return { reason: "exact-copy" };
    const bare = without.length === 0 ? file.text : withoutRemarks(file.text, without);
    const left = bare ?? file.text;
    const text = format ? formattedFile(left) : left;
    return text === null ? { reason: "not-formattable" } : { text, parsed: bare !== null };
  };
}
