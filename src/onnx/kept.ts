// Tensors that stay in the runtime's thread between runs, known here by handles: what is held there, parts of it, copies of its
// rows, and its numbers when they are asked for. Each is told to the thread in the order in which it was asked for here.
import { InputError } from "../core/errors.js";
import { asError } from "../core/files.js";
import { countOf } from "./header.js";
import type { Answer, Job } from "./session-worker.js";
import type { Tensor } from "./tensor.js";

/** A tensor that stays with the runtime until it is released or the session is closed. */
export type Kept = Pick<Tensor, "type" | "dims">;

/** What can be done with them. */
export interface Keeping {
  /** Gives the runtime a tensor to keep, as if a run had made it; its numbers are copied, or moved where `transfer` says so. */
  hold(tensor: Tensor, options?: { readonly transfer?: boolean }): Kept;
  /** A part of a kept tensor as a tensor of its own: the same memory, from number `from` on. */
  view(kept: Kept, from: number, dims: readonly number[]): Kept;
  /** Keeps a tensor of zeros, which takes memory as it is written. */
  zeros(type: Tensor["type"], dims: readonly number[]): Promise<Kept>;
  /** The part of kept tensors from one index of the first dimension to before another: not copies but the same memory. */
  rows(kept: readonly Kept[], from: number, to: number): readonly Kept[];
  /**
   * Copies a row of kept tensors [rows, heads, places, width] over a row of others, or of the same, up to so many places; the
   * two have as many heads, as wide, but not as many places.
   */
  copyRow(from: readonly Kept[], row: number, into: readonly Kept[], over: number, places: number): void;
  /** The numbers of a kept tensor as they are when the runs asked for before are done. */
  read(kept: Kept): Promise<Tensor>;
  /** Gives the memory of kept tensors back, once the runs asked for before are done. */
  release(kept: readonly Kept[]): void;
}

/** The way to the thread. */
interface Line {
  /** A number that nothing else in the thread has. */
  readonly next: () => number;
  /** Says something in its turn. */
  readonly tell: (job: Job, moved?: readonly ArrayBuffer[]) => void;
  /** Asks something in its turn. */
  readonly ask: <Kind extends Answer["kind"]>(
    kind: Kind,
    job: Job,
  ) => Promise<Extract<Answer, { kind: Kind }>>;
}

export interface Keepers {
  readonly keeping: Keeping;
  /** The thread's number for a tensor; `use` says what for. @throws InputError for one that is not kept. */
  readonly numberOf: (kept: Kept, use: string) => number;
  /** A tensor that a run has left in the thread under this number. */
  readonly note: (kept: Kept, number: number) => void;
}

/** `called` is what messages call the thread's model. */
export function openKeeping(called: string, { next, tell, ask }: Line): Keepers {
  const numbers = new Map<Kept, number>();

  const numberOf: Keepers["numberOf"] = (kept, use) => {
    const number = numbers.get(kept);
    if (number === undefined)
      throw new InputError(`${called}: ${use} a tensor that was released or is another session's; keep it`);
    return number;
  };

  const newKept = (type: Tensor["type"], dims: readonly number[]): { kept: Kept; number: number } => {
    const [kept, number] = [{ type, dims }, next()];
    numbers.set(kept, number);
    return { kept, number };
  };

  const view: Keeping["view"] = (kept, from, dims) => {
    const size = countOf(dims);
    if (from < 0 || from + size > countOf(kept.dims))
      throw new InputError(
        `${called}: [${kept.dims.join(", ")}] has no ${size} numbers from ${from} on; take fewer`,
      );
    const of = numberOf(kept, "part of");
    const { kept: part, number } = newKept(kept.type, dims);
    tell({ kind: "view", number, of, from, dims });
    return part;
  };

  const keeping: Keeping = {
    hold(tensor, { transfer = false } = {}) {
      const { kept, number } = newKept(tensor.type, tensor.dims);
      const copy = transfer ? tensor : copyOf(tensor);
      tell({ kind: "hold", number, tensor: copy }, [copy.data.buffer as ArrayBuffer]);
      return kept;
    },
    view,
    async zeros(type, dims) {
      const { kept, number } = newKept(type, dims);
      await ask("made", { kind: "zeros", number, type, dims }).catch((error: unknown) => {
        numbers.delete(kept);
        throw asError(error);
      });
      return kept;
    },
    rows: (handles, from, to) =>
      handles.map((whole) => {
        const [rows = 0, ...dims] = whole.dims;
        if (!(from >= 0 && from <= to && to <= rows))
          throw new InputError(`${called}: rows ${from} to ${to} of ${rows}; name some that are there`);
        return view(whole, from * countOf(dims), [to - from, ...dims]);
      }),
    copyRow(from, row, into, over, places) {
      for (const [at, source] of from.entries()) {
        const target = into[at] ?? source;
        const fits = ({ dims: [rows = 0, , most = 0] }: Kept, at: number): boolean =>
          at < rows && places <= most;
        if (!fits(source, row) || !fits(target, over))
          throw new InputError(
            `${called}: ${places} places of row ${row} do not fit row ${over}; make room first`,
          );
        const [read, written] = [numberOf(source, "copy of"), numberOf(target, "copy over")];
        tell({ kind: "copyRow", from: read, row, into: written, over, places });
      }
    },
    async read(kept) {
      return (await ask("read", { kind: "read", number: numberOf(kept, "read of") })).tensor;
    },
    release(handles) {
      const kept = handles.flatMap((handle) => numbers.get(handle) ?? []);
      for (const handle of handles) numbers.delete(handle);
      tell({ kind: "release", kept });
    },
  };
  return { keeping, numberOf, note: (kept, number) => void numbers.set(kept, number) };
}

/** A tensor whose numbers nobody else has. */
export function copyOf(tensor: Tensor): Tensor {
  // A cast because the copy of an array is an array of its type, which TypeScript can't see for all types at once.
  return { ...tensor, data: tensor.data.slice() } as Tensor;
}
