// The outputs of a run, gathered as they come: streams joined, displays updated in place, counts given. Asked at any
// time, it gives the notebook as far as it has been executed.
import type { Json } from "../report/figure.js";
import { linesOf, textOf, type CodeCell, type Notebook, type Output } from "./nbformat.js";

export interface Recorder {
  /** Gives the cell its execution count and makes it the one that outputs go to. */
  begin(cellIndex: number): void;
  /** Adds an output to the running cell. */
  add(output: Output, displayId: string | null): void;
  /** Replaces all that was shown under the id, in whatever cell. */
  update(output: Output, displayId: string | null): void;
  /** The cell that runs or ran last; -1 before the first. */
  current(): number;
  notebook(): Notebook;
}

interface Place {
  readonly cell: number;
  readonly at: number;
}

/** A recorder for a notebook, whose old outputs are dropped. */
export function createRecorder(notebook: Notebook): Recorder {
  const outputs = notebook.cells.map((): Output[] => []);
  const counts = notebook.cells.map((): number | null => null);
  const shown = new Map<string, Place[]>();
  let current = -1;
  let count = 0;
  const here = (): Output[] => outputs[current] ?? [];
  return {
    begin: (cellIndex) => {
      current = cellIndex;
      counts[cellIndex] = ++count;
    },
    add: (output, displayId) => {
      if (join(here(), output)) return;
      here().push(output.output_type === "execute_result" ? { ...output, execution_count: count } : output);
      if (displayId !== null) {
        shown.set(displayId, [...(shown.get(displayId) ?? []), { cell: current, at: here().length - 1 }]);
      }
    },
    update: (output, displayId) => {
      for (const { cell, at } of shown.get(displayId ?? "") ?? []) outputs[cell]?.splice(at, 1, output);
    },
    current: () => current,
    notebook: () => ({
      ...notebook,
      cells: notebook.cells.map((cell, index) =>
        cell.cell_type === "code" ? executed(cell, counts[index] ?? null, outputs[index] ?? []) : cell,
      ),
    }),
  };
}

/** True where the output continued the last one: text of the same stream. */
function join(outputs: Output[], output: Output): boolean {
  const last = outputs.at(-1);
  if (output.output_type !== "stream" || last?.output_type !== "stream" || last.name !== output.name)
    return false;
  outputs[outputs.length - 1] = { ...output, text: textOf(last.text) + textOf(output.text) };
  return true;
}

function executed(cell: CodeCell, count: number | null, outputs: readonly Output[]): CodeCell {
  return { ...cell, source: linesOf(cell.source), execution_count: count, outputs: outputs.map(asStored) };
}

/** Texts as lines, which is how nbformat stores them; JSON content stays as it is. */
function asStored(output: Output): Output {
  if (output.output_type === "stream") return { ...output, text: linesOf(output.text) };
  if (output.output_type === "error") return output;
  const data = Object.entries(output.data).map(([type, value]): [string, Json] => [
    type,
    typeof value === "string" && type.startsWith("text/") ? linesOf(value) : value,
  ]);
  return { ...output, data: Object.fromEntries(data) };
}
