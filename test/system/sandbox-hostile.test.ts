// Programs that try to break out, to stay, to starve the machine or to forge a verdict, on each backend and in each mode. They
// lie outside the repository.
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JudgingSandbox } from "../../src/sandbox/sandbox.js";
import { backends } from "./backends.js";
import { descendants } from "./processes.js";

interface Hostile {
  readonly name: string;
  readonly code: string;
  readonly tests: string;
  /** `notpass`: must not pass; `pass`: harmless where the system calls that it makes exist; `any`: only its effects matter. */
  readonly want: "pass" | "notpass" | "any";
  /** Forges the verdict where code and tests share one interpreter. */
  readonly forge?: boolean;
}

const file = path.resolve(import.meta.dirname, "../../../shared/data/hostile.jsonl");
const present = existsSync(file);
if (!present) console.warn(`skipped: '${file}' is not there`);
const programs = present
  ? readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Hostile)
  : [];
// Harmless ones that need what there isn't: processes anywhere; threads and more than a mebibyte of output in Pyodide, where
// a process that signals its own number (42) ends itself.
const UNABLE: Readonly<Record<string, readonly string[]>> = {
  pyodide: ["double_fork_daemon", "threads_never_end", "threads_ok", "stderr_fd_flood", "kill_range"],
  native: ["double_fork_daemon"],
};
// Marked `forge` in the file: objects that are equal to everything, which only worlds apart can tell. The harness withstands
// the other two that are marked (`patch_exec_compile`, `frame_walk_report`) and is held to it.
const FORGED = { "one-world": ["eq_always_true", "int_subclass_eq"], split: [] } as const;

const ways = backends.flatMap((backend) => [
  { ...backend, mode: "one-world" as const },
  { ...backend, mode: "split" as const },
]);
const benign = { code: "def f(x): return x * x\n", tests: "assert f(3) == 9\n", entryPoint: "f" };
/** Programs after which two harmless ones are tried, so that each of two workers has its turn. */
const BETWEEN_CHECKS = 4;

describe.runIf(present).each(ways)("$backend, $mode", ({ backend, open, mode, processes }) => {
  let sandbox: JudgingSandbox;
  let folder: string;
  let connections = 0;
  const server = net.createServer((socket) => {
    connections++;
    socket.destroy();
  });

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), "hostile-"));
    writeFileSync(path.join(folder, "canary"), "alive");
    // Whoever is not kept away by the sandbox could write there.
    chmodSync(folder, 0o777);
    chmodSync(path.join(folder, "canary"), 0o666);
    process.env["SELFALIGN_SECRET"] = "s3cr3t";
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    sandbox = await open({ timeoutMs: 1_000 });
  });
  afterAll(async () => {
    delete process.env["SELFALIGN_SECRET"];
    await sandbox.close();
    server.close();
    rmSync(folder, { recursive: true });
  });

  test("no program gets through, out, or in the way of the next", async () => {
    const { port } = server.address() as net.AddressInfo;
    const results: { name: string; want: string; status: string }[] = [];
    for (let at = 0; at < programs.length; at += BETWEEN_CHECKS) {
      const some = programs.slice(at, at + BETWEEN_CHECKS);
      const judged = some.map(async ({ name, code, tests, want }) => {
        const aimed = code.replaceAll("PORT", String(port)).replaceAll("CANARY", path.join(folder, "canary"));
        const { status } = await sandbox.judge({ code: aimed, tests, entryPoint: "f", mode });
        return { name, want, status };
      });
      results.push(...(await Promise.all(judged)));
      for (const outcome of await Promise.all([benign, benign].map((job) => sandbox.judge({ ...job, mode }))))
        expect(outcome, `after ${some.map(({ name }) => name).join(", ")}`).toMatchObject({
          status: "passed",
          asserts: 1,
        });
    }
    expect(results).toHaveLength(60);
    const named = (wanted: string, passes: boolean): string[] =>
      results
        .filter(({ want, status }) => want === wanted && (status === "passed") === passes)
        .map(({ name }) => name)
        .sort();
    expect(results.filter(({ status }) => status === "sandbox-error")).toEqual([]);
    expect(named("notpass", true)).toEqual(FORGED[mode]);
    expect(named("pass", false)).toEqual([...(UNABLE[backend] ?? [])].sort());
    expect(connections).toBe(0);
    expect(readdirSync(folder)).toEqual(["canary"]);
    expect(readFileSync(path.join(folder, "canary"), "utf8")).toBe("alive");
  });

  test.runIf(process.platform === "linux")("nothing is left running", async () => {
    const left = (): unknown[] =>
      descendants(process.pid).filter(({ command }) => command.includes(processes));
    expect(left()).not.toEqual([]);
    await sandbox.close();
    await expect.poll(left, { timeout: 10_000 }).toEqual([]);
  });
});
