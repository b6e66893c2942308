import { appendFileSync, closeSync, cpSync, mkdirSync, mkdtempSync, openSync } from "node:fs";
import { readdirSync, readSync, rmSync, truncateSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSnapshot, snapshotName } from "../../src/sandbox/snapshot.js";
import { HARNESS_FILES, INSIDE_FILE, SNAPSHOT_HEADER_BYTES } from "../../src/sandbox/wire.js";

// The builder is told what to make, so that no interpreter is started here.
let folder: string;
let pyodide: string;
let here: string;
let built: number;
const notices: string[] = [];
const MEMORY = Buffer.from("the memory of an interpreter");

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "snapshot-"));
  [pyodide, here] = [path.join(folder, "pyodide"), path.join(folder, "here")];
  mkdirSync(pyodide);
  mkdirSync(here);
  writeFileSync(path.join(pyodide, "package.json"), '{"version":"1.2.3"}');
  for (const name of [...HARNESS_FILES, INSIDE_FILE, "child.js", "realm.js", "wire.js"])
    writeFileSync(path.join(here, name), name);
  built = 0;
  notices.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const cache = (): string => path.join(folder, "cache");
const file = (): string => path.join(cache(), snapshotName(pyodide, here, 0));

async function contents(cacheDir = cache()): Promise<string> {
  const build = (): Promise<Uint8Array> => {
    built++;
    return Promise.resolve(MEMORY);
  };
  const descriptor = await openSnapshot({
    pyodide,
    here,
    variation: 0,
    cacheDir,
    build,
    onNotice: (text) => notices.push(text),
  });
  // Read as the child does: from a position of its own choosing.
  const bytes = Buffer.alloc(1000);
  const length = readSync(descriptor, bytes, 0, bytes.length, SNAPSHOT_HEADER_BYTES);
  closeSync(descriptor);
  return bytes.toString("utf8", 0, length);
}

test("it is made once, said once, and found again", async () => {
  expect(await contents()).toBe(MEMORY.toString());
  expect(await contents()).toBe(MEMORY.toString());
  expect(built).toBe(1);
  expect(notices).toHaveLength(1);
});

test.each([
  ["cut short", () => truncateSync(file(), SNAPSHOT_HEADER_BYTES + 5)],
  ["cut inside its header", () => truncateSync(file(), 10)],
  ["empty", () => truncateSync(file(), 0)],
  ["longer", () => appendFileSync(file(), "x")],
  [
    "changed in one byte",
    () => {
      const descriptor = openSync(file(), "r+");
      writeSync(descriptor, "X", SNAPSHOT_HEADER_BYTES + 3);
      closeSync(descriptor);
    },
  ],
])("a file that is %s is made again", async (_, damage) => {
  await contents();
  damage();
  expect(await contents()).toBe(MEMORY.toString());
  expect(built).toBe(2);
  expect(await contents()).toBe(MEMORY.toString());
  expect(built).toBe(2);
});

test.each([...HARNESS_FILES, INSIDE_FILE, "child.js", "realm.js"])(
  "another %s is another snapshot",
  (name) => {
    const before = snapshotName(pyodide, here, 0);
    appendFileSync(path.join(here, name), " ");
    expect(snapshotName(pyodide, here, 0)).not.toBe(before);
  },
);

test("the other kind of world has a snapshot of its own", () => {
  expect(snapshotName(pyodide, here, 1)).not.toBe(snapshotName(pyodide, here, 0));
});

test("another version of pyodide is another snapshot", () => {
  const before = snapshotName(pyodide, here, 0);
  writeFileSync(path.join(pyodide, "package.json"), '{"version":"1.2.4"}');
  expect(snapshotName(pyodide, here, 0)).not.toBe(before);
});

test("two that make it at once leave one sound file and nothing beside it", async () => {
  expect(await Promise.all([contents(), contents()])).toEqual([MEMORY.toString(), MEMORY.toString()]);
  expect(readdirSync(cache())).toEqual([path.basename(file())]);
});

test("where the cache folder can't be made it still opens, and says so", async () => {
  writeFileSync(path.join(folder, "occupied"), "a file");
  const place = path.join(folder, "occupied", "cache");
  expect(await contents(place)).toBe(MEMORY.toString());
  expect(notices.at(-1)).toContain(place);
});

test("making one removes those unused for a month and keeps the others", async () => {
  await contents();
  const [old, recent] = ["pyodide-0.1.0-aa.snapshot", "pyodide-0.2.0-bb.snapshot"];
  for (const name of [old, recent]) cpSync(file(), path.join(cache(), name));
  const longAgo = Date.now() / 1000 - 40 * 24 * 3600;
  utimesSync(path.join(cache(), old), longAgo, longAgo);
  rmSync(file());
  await contents();
  expect(readdirSync(cache()).sort()).toEqual([recent, path.basename(file())].sort());
});
