// Small notebooks for tests, written as one would say them.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CodeCell, Notebook, NotebookCell, TextCell } from "../../src/notebook/nbformat.js";

export function code(source: string, ...tags: readonly string[]): CodeCell {
  const metadata = tags.length > 0 ? { tags } : {};
  return { cell_type: "code", metadata, source, execution_count: null, outputs: [] };
}

export function markdown(source: string): TextCell {
  return { cell_type: "markdown", metadata: {}, source };
}

/** A notebook of format 4.5 with ids c1, c2, … */
export function notebookOf(...cells: readonly NotebookCell[]): Notebook {
  return {
    cells: cells.map((cell, index) => ({ ...cell, id: `c${index + 1}` })),
    metadata: {
      kernelspec: { display_name: "TypeScript (tslab)", language: "typescript", name: "tslab" },
      language_info: { name: "typescript" },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

export interface Project {
  /** Writes a notebook into `notebooks/` and gives its path. */
  write(name: string, ...cells: readonly NotebookCell[]): string;
  /** A path in the project. */
  at(...parts: readonly string[]): string;
  remove(): void;
}

/** A folder like a repository: package.json, notebooks/, reports/. */
export function createProject(): Project {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), "notebook-test-")));
  writeFileSync(path.join(root, "package.json"), "{}\n");
  const at = (...parts: readonly string[]): string => path.join(root, ...parts);
  return {
    at,
    write: (name, ...cells) => {
      writeFileSync(at(name), JSON.stringify(notebookOf(...cells)));
      return at(name);
    },
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
