// A crash-safe log of finished rows. One writer appends whole lines to `<name>.jsonl.part` and forces them to disk in
// groups; readers follow it as it grows; publishing turns it into the final files. A torn last line (the process died
// in the middle of it) is cut on opening; damage anywhere else is refused, because guessing would lose rows.
import { open, rename, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { asError, syncFolder } from "./files.js";
import { headerLength, lineOf, scan, type Keyed } from "./journal-lines.js";
import { readPlaces } from "./journal-reads.js";
import { newRowIndex, type Place, type RowIndex } from "./row-index.js";

/** A row together with the published file that it belongs to. */
export interface Entry<Row = unknown> {
  readonly file: string;
  readonly row: Row;
}

/** Milliseconds between two forced writes: what a power cut may cost. */
const SYNC_EVERY_MS = 50;

export class Journal {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #index: RowIndex;
  /** End of the bytes handed to the system, and of those known to be on disk. */
  #written: number;
  #synced: number;
  #pending: Buffer[] = [];
  /** The group that takes what is pending, and the last one that was begun. */
  #gathering: Promise<void> | null = null;
  #latest: Promise<void> = Promise.resolve();
  #failure: Error | null = null;
  #finished = false;
  #waiting: (() => void)[] = [];

  private constructor(file: string, handle: FileHandle, index: RowIndex, size: number) {
    this.path = file;
    this.#handle = handle;
    this.#index = index;
    this.#written = size;
    this.#synced = size;
  }

  /**
   * Opens or creates the journal, cutting a torn tail.
   * @throws InputError naming file and line when a line before the last is damaged.
   */
  static async open(file: string): Promise<Journal> {
    const handle = await open(file, "a+");
    try {
      const index = newRowIndex();
      const size = await scan(file, (place) => index.add(place));
      await handle.truncate(size);
      return new Journal(file, handle, index, size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Rows in the journal, those not yet on disk included. */
  get size(): number {
    return this.#index.size;
  }

  has(key: string): boolean {
    return this.#index.find(key) !== undefined;
  }

  /** The row with this key and the file that it belongs to, or null. */
  async find<Row>(key: string): Promise<Entry<Row> | null> {
    const place = this.#index.find(key);
    if (place === undefined) return null;
    if (place.offset + place.length > this.#synced) await this.flush();
    return { file: place.file, row: JSON.parse(await this.#text(place)) as Row };
  }

  /** Rows per published file. */
  counts(): ReadonlyMap<string, number> {
    return this.#index.counts;
  }

  /** Drops the rows behind the last one of `file`: what a group that ends with such a row left when it was torn. */
  async cutAfterLast(file: string): Promise<void> {
    const row = this.#index.lastOf(file);
    const last = this.#index.at(row);
    if (last === undefined || row === this.#index.size - 1) return;
    this.#index.cut(row + 1);
    // Behind the row stand a bracket and the newline.
    this.#written = last.offset + last.length + 2;
    this.#synced = this.#written;
    await this.#handle.truncate(this.#written);
    await this.#handle.datasync();
  }

  /** Appends rows that belong together: after a crash either all or a leading part of them are there. Resolves when on disk. */
  append(entries: readonly Entry<Keyed>[]): Promise<void> {
    if (this.#finished) throw new Error(`internal: ${this.path} is finished and takes no more rows`);
    for (const { file, row } of entries) {
      const line = lineOf(file, JSON.stringify(row));
      const start = headerLength(file);
      this.#index.add({ file, key: row.key, offset: this.#written + start, length: line.length - start - 2 });
      this.#written += line.length;
      this.#pending.push(line);
    }
    return this.flush();
  }

  /** Resolves when all that was appended is on disk. */
  flush(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#pending.length > 0) {
      this.#gathering ??= this.#writeGroup(this.#latest);
      this.#latest = this.#gathering;
    }
    return this.#latest;
  }

  /** No more rows will come: readers end when they have seen all. */
  async finish(): Promise<void> {
    await this.flush();
    this.#finished = true;
    this.#wake();
  }

  /** Stops at once; readers get `error`. What was appended before stays. */
  async abandon(error: unknown): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.#failure ??= asError(error);
      this.#wake();
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** The rows of one file, first those already there, then new ones as they reach the disk, until the journal is finished. */
  async *follow<Row>(file: string): AsyncGenerator<Row> {
    for (let at = 0; ; at++) {
      while (!this.#readable(at)) {
        if (this.#failure !== null) throw this.#failure;
        if (this.#finished && at >= this.#index.size) return;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
      const place = this.#index.at(at);
      if (place?.file === file) yield JSON.parse(await this.#text(place)) as Row;
    }
  }

  /** All rows that pass, in the order of the journal. */
  async *entries(keep: (file: string, row: unknown) => boolean): AsyncGenerator<Entry<Keyed>> {
    for await (const { file, text } of readPlaces(
      this.#handle,
      this.#places(new Uint32Array(this.#index.size).keys()),
    )) {
      const row = JSON.parse(text) as Keyed;
      if (keep(file, row)) yield { file, row };
    }
  }

  /** The last row of a file, or null. */
  async last<Row>(file: string): Promise<Row | null> {
    const place = this.#index.at(this.#index.lastOf(file));
    return place === undefined ? null : (JSON.parse(await this.#text(place)) as Row);
  }

  /** Text of the rows of one file, sorted by key or as they were appended. */
  async *texts(file: string, order: "key" | "appended"): AsyncGenerator<string> {
    const places = this.#places(this.#index.rowsOf(file, order));
    for await (const { text } of readPlaces(this.#handle, places)) yield text;
  }

  *#places(rows: Iterable<number>): Generator<Place> {
    for (const row of rows) {
      const place = this.#index.at(row);
      if (place !== undefined) yield place;
    }
  }

  #readable(at: number): boolean {
    const place = this.#index.at(at);
    return place !== undefined && place.offset + place.length <= this.#synced;
  }

  async #text(place: Place): Promise<string> {
    const buffer = Buffer.allocUnsafe(place.length);
    await this.#handle.read(buffer, 0, place.length, place.offset);
    return buffer.toString("utf8");
  }

  /** Writes what is pending behind the group before; rows that come in during the pause share one forced write. */
  async #writeGroup(before: Promise<void>): Promise<void> {
    try {
      await Promise.all([before, pause(SYNC_EVERY_MS)]);
      const group = Buffer.concat(this.#pending);
      [this.#pending, this.#gathering] = [[], null];
      await this.#handle.appendFile(group);
      await this.#handle.datasync();
      this.#synced += group.length;
      this.#wake();
    } catch (error) {
      this.#failure ??= asError(error);
      this.#wake();
      throw this.#failure;
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Puts a journal with these entries at `file`, in one step: it is either there whole or not at all. */
export async function writeJournal(file: string, entries: AsyncIterable<Entry<Keyed>>): Promise<void> {
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, "w");
  try {
    for await (const { file: name, row } of entries) {
      await handle.appendFile(lineOf(name, JSON.stringify(row)));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(path.dirname(file));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
