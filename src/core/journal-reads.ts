// Many rows of a journal, read some at a time in the order that is asked for: rows that lie close together come with one read,
// where a read for each would take longer than all else that is done with it. Holds a megabyte of rows at a time, or one row, and
// what lies between those that are read together.
import type { FileHandle } from "node:fs/promises";
import type { Place } from "./row-index.js";

const GROUP_BYTES = 2 ** 20;
const GROUP_ROWS = 4_096;
/** Bytes between two rows that are rather read than skipped. */
const GAP = 4_096;

export interface ReadRow {
  readonly file: string;
  readonly text: string;
}

/** The rows at these places, in their order. */
export async function* readPlaces(handle: FileHandle, places: Iterable<Place>): AsyncGenerator<ReadRow> {
  for (const group of groupsOf(places)) {
    const texts = new Map<Place, string>();
    for (const run of runsOf(group)) await readRun(handle, run, texts);
    for (const place of group) yield { file: place.file, text: texts.get(place) ?? "" };
  }
}

function* groupsOf(places: Iterable<Place>): Generator<readonly Place[]> {
  let group: Place[] = [];
  let bytes = 0;
  for (const place of places) {
    if (group.length === GROUP_ROWS || (group.length > 0 && bytes + place.length > GROUP_BYTES)) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(place);
    bytes += place.length;
  }
  if (group.length > 0) yield group;
}

const endOf = ({ offset, length }: Place): number => offset + length;

/** Places that lie close together, as they lie. */
function runsOf(group: readonly Place[]): readonly (readonly Place[])[] {
  const runs: Place[][] = [];
  for (const place of [...group].sort((a, b) => a.offset - b.offset)) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && place.offset <= endOf(last) + GAP) run.push(place);
    else runs.push([place]);
  }
  return runs;
}

async function readRun(handle: FileHandle, run: readonly Place[], texts: Map<Place, string>): Promise<void> {
  const start = run[0]?.offset ?? 0;
  const buffer = Buffer.allocUnsafe(Math.max(...run.map(endOf)) - start);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
  if (bytesRead < buffer.length) throw new Error("internal: the journal ends before its rows do");
  for (const place of run)
    texts.set(place, buffer.toString("utf8", place.offset - start, endOf(place) - start));
}
