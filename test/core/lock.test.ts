import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockFolder } from "../../src/core/lock.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "selfalign-lock-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a folder's lock", () => {
  it("goes to one of twenty that ask at once, and nothing is left beside it", async () => {
    for (let round = 0; round < 20; round += 1) {
      const asked = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
      const held = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      const refused = asked.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
      expect(held).toHaveLength(1);
      expect(new Set(refused).size).toBe(1);
      expect(refused[0]).toContain(`in use by process ${process.pid} on`);
      expect(readdirSync(folder)).toEqual([".lock"]);
      await held[0]?.();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it.each([[".lock"], [".lock", ".lock.taking"]])(
    "is taken over from holders that are gone",
    async (...left) => {
      const gone = JSON.stringify({ pid: 2 ** 30, host: hostname(), born: "1" });
      for (let round = 0; round < 20; round += 1) {
        for (const name of left) writeFileSync(path.join(folder, name), gone);
        const asked = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder)));
        const held = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
        expect(held).toHaveLength(1);
        expect(readdirSync(folder)).toEqual([".lock"]);
        await held[0]?.();
        expect(readdirSync(folder)).toEqual([]);
      }
    },
  );
});
