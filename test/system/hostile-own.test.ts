// Our own hostile programs (test/fixtures/hostile/programs.jsonl) and correct ones (correct.jsonl) in every backend and
// mode: what is forged, what gets out, what stays. Each way owns up to its forgeries and gaps; accepted is what passed
// with at least one assert that held, as for a published row.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JudgingSandbox, Mode } from "../../src/sandbox/sandbox.js";
import { backends } from "./backends.js";
import { descendants } from "./processes.js";

interface Program {
  readonly name: string;
  readonly code: string;
  readonly tests: string;
  /** `notpass`: must not pass; `pass`: correct or harmless; `any`: only its effects matter. */
  readonly want: "pass" | "notpass" | "any";
  /** Can be expected to forge the verdict where code and tests share one interpreter. */
  readonly forge?: true;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);
// What makes a forgery possible in one world. Where the tests have a world of their own, all of it fails.
/** The value that comes back answers the tests' own comparison. */
const VALUES_THAT_LIE = words(`
  class_property_says_int contains_everything dict_subclass_equal exception_text_equal instancecheck_says_yes
  list_subclass_equal metaclass_call ordered_both_ways reflected_eq_in_list str_subclass_equal
  subtraction_gives_zero sum_absorbs`);
/** The tests look a name up in the code's namespace, call a built-in or import a module that the code has exchanged. */
const NAMES_THAT_LIE = words(`
  builtin_len_replaced import_replaced isinstance_replaced math_in_sys_modules meta_path_finder shadowed_abs`);
/** The code finds the tests or the harness in the frames above it, and reads or rewrites them. */
const REACHES_THE_JUDGE = words(`
  check_code_swapped check_function_rewritten expected_overwritten_by_ctypes expected_read_from_constants
  frame_globals_of_the_caller profile_rewrites_operands`);
/** Python's own meaning of a test: StopIteration ends the iteration that should have checked. */
const TESTS_THAT_FORGIVE = ["stop_iteration_ends_the_check"];
/** Forgeries that a mode does not tell from correct code. */
const FORGED: Readonly<Record<Mode, readonly string[]>> = {
  "one-world": [...VALUES_THAT_LIE, ...NAMES_THAT_LIE, ...REACHES_THE_JUDGE, ...TESTS_THAT_FORGIVE],
  split: [],
};
/** Harmless programs that cannot run: in Pyodide there are no threads, sockets and timers. */
const UNABLE: Readonly<Record<string, readonly string[]>> = {
  pyodide: words("alarm_called_off socket_pair thread_joined"),
  native: [],
};
/** Tests that do with the code's objects what can't be judged across two worlds. */
const UNSUPPORTED: Readonly<Record<Mode, readonly string[]>> = {
  "one-world": [],
  split: words("async_generator callback_argument context_manager dataclass_result operators"),
};

const ways = backends.flatMap((backend) => [
  { ...backend, mode: "one-world" as const },
  { ...backend, mode: "split" as const },
]);
const fixtures = path.resolve(import.meta.dirname, "../fixtures/hostile");
const read = (file: string): readonly Program[] =>
  readFileSync(path.join(fixtures, file), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Program);
const programs = [...read("programs.jsonl"), ...read("correct.jsonl")];

/** A correct program has time on a busy machine too; a hostile one that never ends is not waited for so long. */
const isRight = ({ want }: Program): boolean => want === "pass";
const GROUPS = [
  { group: programs.filter(isRight), timeoutMs: 8_000 },
  { group: programs.filter((program) => !isRight(program)), timeoutMs: 1_000 },
];

/** Programs after which two harmless ones are tried, so that each of two workers has its turn. */
const BETWEEN_CHECKS = 8;
const benign = { code: "def f(x): return x * x\n", tests: "assert f(3) == 9\n", entryPoint: "f" };
const alphabetical = (names: readonly string[]): string[] => [...names].sort();

it("the programs are told apart by name, and most are hostile", () => {
  expect(new Set(programs.map(({ name }) => name)).size).toBe(programs.length);
  expect(programs.filter(({ want }) => want !== "pass").length).toBeGreaterThan(programs.length / 2);
});

describe.each(ways)("$backend, $mode", ({ backend, mode, open, processes }) => {
  let sandbox: JudgingSandbox | undefined;
  let folder: string;
  let connections = 0;
  const answer = (socket: net.Socket) => {
    connections++;
    socket.destroy();
  };
  const servers = [net.createServer(answer), net.createServer(answer)] as const;
  const results: { program: Program; accepted: boolean; status: string }[] = [];
  const harmed: string[] = [];

  const judge = async (
    judging: JudgingSandbox,
    some: readonly Program[],
    filled: (code: string) => string,
  ): Promise<void> => {
    const judged = some.map(async (program) => {
      const { status, asserts } = await judging.judge({
        code: filled(program.code),
        tests: program.tests,
        entryPoint: "f",
        mode,
      });
      results.push({ program, accepted: status === "passed" && asserts > 0, status });
    });
    await Promise.all(judged);
    const after = [judging.judge({ ...benign, mode }), judging.judge({ ...benign, mode })];
    for (const { status, asserts } of await Promise.all(after))
      if (status !== "passed" || asserts !== 1)
        harmed.push(`${status} after ${some.map(({ name }) => name).join(", ")}`);
  };

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), "hostile-own-"));
    const canary = path.join(folder, "canary");
    writeFileSync(canary, "alive");
    await new Promise<void>((resolve) => servers[0].listen(0, resolve));
    await new Promise<void>((resolve) => servers[1].listen(`${canary}.sock`, resolve));
    const { port } = servers[0].address() as net.AddressInfo;
    for (const { group, timeoutMs } of GROUPS) {
      await sandbox?.close();
      sandbox = await open({ timeoutMs });
      for (let at = 0; at < group.length; at += BETWEEN_CHECKS)
        await judge(sandbox, group.slice(at, at + BETWEEN_CHECKS), (code) =>
          code.replaceAll("PORT", String(port)).replaceAll("CANARY", canary),
        );
    }
  }, 280_000);

  afterAll(async () => {
    await sandbox?.close();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  const namesOf = (kept: (result: (typeof results)[number]) => boolean): string[] =>
    alphabetical(results.filter(kept).map(({ program }) => program.name));

  it("gives every program a verdict", () => {
    expect(results).toHaveLength(programs.length);
    expect(namesOf(({ status }) => status === "sandbox-error")).toEqual([]);
  });

  it("accepts no wrong program but the forgeries that are declared", () => {
    expect(namesOf(({ program, accepted }) => program.want === "notpass" && accepted)).toEqual(
      alphabetical(FORGED[mode]),
    );
    const marked = new Set(programs.filter(({ forge }) => forge === true).map(({ name }) => name));
    expect(FORGED[mode].filter((name) => !marked.has(name))).toEqual([]);
  });

  it("accepts every correct and harmless program but the declared ones", () => {
    expect(namesOf(({ program, accepted }) => program.want === "pass" && !accepted)).toEqual(
      alphabetical([...(UNABLE[backend] ?? []), ...UNSUPPORTED[mode]]),
    );
  });

  it("leaves the next program unharmed", () => {
    expect(harmed).toEqual([]);
  });

  it("lets nothing out: no connection, and the host's files as they were", () => {
    expect(connections).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(["canary", "canary.sock"]);
    expect(readFileSync(path.join(folder, "canary"), "utf8")).toBe("alive");
  });

  it.runIf(process.platform === "linux")("leaves nothing running", async () => {
    const running = () => descendants(process.pid).filter(({ command }) => command.includes(processes));
    expect(running()).not.toEqual([]);
    await sandbox?.close();
    await expect.poll(running, { timeout: 10_000 }).toEqual([]);
  });
});
