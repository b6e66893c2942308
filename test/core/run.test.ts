import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { fingerprintOf, openRun } from "../../src/core/run.js";

let dir: string;
beforeEach(async () => {
  dir = path.join(await mkdtemp(path.join(tmpdir(), "run-")), "run");
});

const version = "1.2.3";

describe("a run directory", () => {
  it("refuses other content options and names each", async () => {
    await (await openRun(dir, { corpus: "stdlib", seed: 1 }, { version })).release();
    const opening = openRun(dir, { corpus: "folder:x", seed: 1 }, { version });
    await expect(opening).rejects.toThrow(InputError);
    await expect(opening).rejects.toThrow('corpus was "stdlib" and is now "folder:x"');
    await expect(opening).rejects.not.toThrow("seed was");
    await (await openRun(dir, { corpus: "folder:x", seed: 1 }, { version, clean: true })).release();
  });

  it("cleans only what a run writes", async () => {
    await (await openRun(dir, {}, { version })).release();
    await writeFile(path.join(dir, "thesis.tex"), "mine");
    await mkdir(path.join(dir, "seed_output"));
    await (await openRun(dir, {}, { version, clean: true })).release();
    expect(await readFile(path.join(dir, "thesis.tex"), "utf8")).toBe("mine");
    await expect(readFile(path.join(dir, "seed_output"))).rejects.toThrow(/ENOENT/);
  });

  it("is locked while open, and says by whom", async () => {
    const run = await openRun(dir, {}, { version });
    await expect(openRun(dir, {}, { version })).rejects.toThrow(
      new RegExp(`in use by process ${process.pid} on ${hostname()}`),
    );
    await run.release();
    await (await openRun(dir, {}, { version })).release();
  });

  it("takes over from a holder that was killed", async () => {
    await mkdir(dir, { recursive: true });
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => child.on("exit", resolve));
    await writeFile(
      path.join(dir, ".lock"),
      JSON.stringify({ pid: child.pid, host: hostname(), born: null }),
    );
    await (await openRun(dir, {}, { version })).release();
  });

  it("does not mistake a reused process number for the holder", async () => {
    await mkdir(dir, { recursive: true });
    const lock = { pid: process.pid, host: hostname(), born: "1" };
    await writeFile(path.join(dir, ".lock"), JSON.stringify(lock));
    await (await openRun(dir, {}, { version })).release();
  });

  it("says what is wrong with an unusable path or a foreign run.json", async () => {
    await mkdir(dir, { recursive: true });
    await writeFile(path.join(dir, "file"), "");
    await expect(openRun(path.join(dir, "file"), {}, { version })).rejects.toThrow(/can't be written/);
    await writeFile(path.join(dir, "run.json"), "{}");
    await expect(openRun(dir, {}, { version })).rejects.toThrow(/run\.json is not a run's description/);
  });

  it("fingerprints depend on every part but not on the order of options", () => {
    const base = fingerprintOf("a", 1, { x: 1, y: "2" }, null);
    expect(fingerprintOf("a", 1, { y: "2", x: 1 }, null)).toBe(base);
    for (const other of [
      fingerprintOf("b", 1, { x: 1, y: "2" }, null),
      fingerprintOf("a", 2, { x: 1, y: "2" }, null),
      fingerprintOf("a", 1, { x: 1, y: 2 }, null),
      fingerprintOf("a", 1, { x: 1, y: "2" }, base),
    ]) {
      expect(other).not.toBe(base);
    }
  });
});
