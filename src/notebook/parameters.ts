// Parameters as papermill does them: the notebook has one cell tagged `parameters` with its defaults, and a run puts a
// cell tagged `injected-parameters` right behind it, which gives the same names new values.
import { InputError } from "../core/errors.js";
import type { Json } from "../report/figure.js";
import { tagsOf, type CodeCell, type Notebook } from "./nbformat.js";

export type Parameters = Readonly<Record<string, Json>>;

export interface Injected {
  readonly notebook: Notebook;
  /** Index of the cell that declares the defaults; null where nothing was injected. */
  readonly declaredAt: number | null;
}

/** The notebook with the parameters' cell put in, an older one taken out. InputError where there is no place for it. */
export function injectParameters(notebook: Notebook, parameters: Parameters, name: string): Injected {
  const cells = notebook.cells.filter((cell) => !tagsOf(cell).includes("injected-parameters"));
  const names = Object.keys(parameters);
  if (names.length === 0) return { notebook: { ...notebook, cells }, declaredAt: null };
  const declaredAt = cells.findIndex(
    (cell) => cell.cell_type === "code" && tagsOf(cell).includes("parameters"),
  );
  if (declaredAt < 0) {
    throw new InputError(
      `Notebook "${name}" takes no parameters: expected a code cell tagged "parameters"; add one.`,
    );
  }
  const wrong = names.find((key) => !/^[A-Za-z_$][\w$]*$/.test(key));
  if (wrong !== undefined) {
    throw new InputError(`Parameter "${wrong}" is not a name: expected letters, digits and _; rename it.`);
  }
  const withValues = cells.toSpliced(declaredAt + 1, 0, injectedCell(parameters, notebook.nbformat_minor));
  return { notebook: { ...notebook, cells: withValues }, declaredAt };
}

function injectedCell(parameters: Parameters, minor: number): CodeCell {
  const lines = Object.entries(parameters).map(([name, value]) => `let ${name} = ${JSON.stringify(value)};`);
  const id = minor >= 5 ? { id: "injected-parameters" } : {};
  const metadata = { tags: ["injected-parameters"] };
  return { cell_type: "code", ...id, metadata, execution_count: null, outputs: [], source: lines.join("\n") };
}
