import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
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

  it.skipIf(process.platform !== "linux")(
    "is taken over from a holder that has ended and that nobody asks after",
    async () => {
      // The sleeper never asks after the child that it took over from the shell.
      const parent = spawn("sh", ["-c", "true & echo $!; exec sleep 60"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      try {
        const [line] = (await once(parent.stdout, "data")) as [Buffer];
        const pid = Number(line.toString());
        const stat = (): string[] =>
          readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
        await vi.waitUntil(() => stat()[0] === "Z", { timeout: 30_000 });
        writeFileSync(
          path.join(folder, ".lock"),
          JSON.stringify({ pid, host: hostname(), born: stat()[19] }),
        );
        await (
          await lockFolder(folder)
        )();
        expect(readdirSync(folder)).toEqual([]);
      } finally {
        parent.kill();
      }
    },
  );
});
