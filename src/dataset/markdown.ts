// Pieces of Markdown with text from elsewhere in them, which is quoted and never interpreted.

/** A Markdown table; "none" where it has no rows. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "None.";
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Foreign text as a code span that fits into a table. */
export function quoted(text: string): string {
  const line = text.replace(/[`\s]+/gu, " ").replaceAll("|", "\\|");
  return line.trim() === "" ? "(empty)" : `\`${line}\``;
}

/** Foreign text as running text: on one line, and without a meaning to Markdown or HTML. */
export function plainText(text: string): string {
  return text.replace(/\s+/gu, " ").replace(/[\\`*_[\]<>|#&~]/gu, (sign) => `\\${sign}`);
}

/** Foreign text as a block, with a fence longer than any run of backticks in it. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/gu), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/u, "")}\n${fence}`;
}
