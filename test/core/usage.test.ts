import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { cpuSeconds } from "../../src/core/usage.js";

it.skipIf(!existsSync("/proc/self/stat"))("counts the work of grandchildren while they live", async () => {
  const burn =
    "const end = process.cpuUsage().user + 600_000; while (process.cpuUsage().user < end); console.log('done'); setInterval(() => undefined, 1000)";
  const before = (await cpuSeconds()) ?? 0;
  const shell = spawn("/bin/sh", ["-c", `"$0" -e "$1" & wait`, process.execPath, burn], { detached: true });
  await new Promise((resolve) => shell.stdout.once("data", resolve));
  const after = (await cpuSeconds()) ?? 0;
  process.kill(-(shell.pid ?? 0), "SIGKILL");
  expect(after - before).toBeGreaterThan(0.5);
});
