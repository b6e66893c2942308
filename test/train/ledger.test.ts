import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openLedger } from "../../src/train/ledger.js";
import { readMetrics } from "../../src/train/metrics.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-ledger-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const file = path.join(base, "rows");
const text = (): string => readFileSync(file, "utf8");

describe("a ledger", () => {
  it("is cut at once to what is kept, and grows from there", async () => {
    writeFileSync(file, "one\ntwo\nthr");
    const ledger = await openLedger(file, 4);
    expect(text()).toBe("one\n");
    await ledger?.append("2 €\n");
    await ledger?.append(Buffer.from("3\n"));
    expect(ledger?.size).toBe(Buffer.byteLength("one\n2 €\n3\n"));
    await ledger?.sync();
    await ledger?.close();
    expect(text()).toBe("one\n2 €\n3\n");
  });

  it("is made where there is none and nothing has to be kept", async () => {
    rmSync(file, { force: true });
    expect(await openLedger(file, 1)).toBeNull();
    const ledger = await openLedger(file, 0);
    expect(ledger?.size).toBe(0);
    await ledger?.close();
    expect(text()).toBe("");
  });

  it("is left alone where it has less than has to be kept", async () => {
    writeFileSync(file, "one");
    expect(await openLedger(file, 4)).toBeNull();
    expect(text()).toBe("one");
  });
});

describe("metrics of a run that is under way", () => {
  it("are its whole lines", async () => {
    writeFileSync(file, `{"step":1}\n{"step":2}\n{"st`);
    expect(await readMetrics(file)).toEqual([{ step: 1 }, { step: 2 }]);
    expect(await readMetrics(path.join(base, "none"))).toEqual([]);
  });

  it("that are damaged are refused by line", async () => {
    writeFileSync(file, `{"step":1}\n{"st\n{"step":3}\n`);
    await expect(readMetrics(file)).rejects.toThrow(`${file} line 2 is not JSON: restore the file`);
  });
});
