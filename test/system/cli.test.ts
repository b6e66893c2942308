import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesWritten, differences, published, ROOT, run, start, type Ended } from "./whole-run.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-cli-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const at = (name: string): string => path.join(base, name);
const small = (dir: string, ...more: string[]): string[] => [
  "run",
  "--output-dir",
  dir,
  "--num-samples",
  "4",
  ...more,
];

/** One clear line on stderr, nothing else, and status 2. */
function expectLine({ status, stderr }: Ended, wanted: RegExp): void {
  expect(status, stderr).toBe(2);
  const lines = stderr.trimEnd().split("\n");
  expect(lines.at(-1)).toMatch(wanted);
  expect(lines.at(-1)).toMatch(/^selfalign: /);
  expect(stderr).not.toMatch(/^\s+at /m);
}

it.each([["train"], ["train", "--help"], ["tokenizer", "-h"]])(
  "%s %s lists the verbs that begin so",
  async (...args) => {
    const { status, stdout } = await run(...args);
    expect(status).toBe(0);
    expect(stdout).toContain(args[0] === "train" ? "  train seq2seq" : "  tokenizer train");
    expect(stdout).not.toContain("  rewrite");
  },
);

describe("the command line refuses in one line", () => {
  it.each([
    [["run", "--colour", "red"], /flag "--colour" does not exist: choose from .*--num-samples/],
    [["run", "--model", "gpt"], /model "gpt" does not exist: choose docstring/],
    [["run", "--corpus", "pypi"], /corpus "pypi" does not exist.*stdlib.*folder:PATH/],
    [["run", "--stage", "cook"], /stage "cook" does not exist: choose from seeds, instruct/],
    [["run", "--num_samples", "0"], /--num_samples N must be a whole number of at least 1, not "0"/],
    [["run", "--seed"], /--seed needs a value/],
    [
      ["run", "--filters", "strict"],
      /filters "strict" do not exist: choose default, reference, data-science/,
    ],
    [["run", "--filters", '{"maxLine": 3}'], /filter "maxLine" does not exist: choose from minLines/],
    [["run", "--filters", "{maxLines}"], /--filters SET must be JSON, e\.g\. /],
    [["run", "--filters", "nowhere.json"], /--filters SET must be a file that can be read and holds JSON/],
    [["run", "extra"], /run takes flags only, not "extra"/],
    [["bake"], /verb "bake" does not exist: choose from run, extract, verify, convert/],
    [["train", "seq2sec"], /verb "train seq2sec" does not exist: choose from train causal, train seq2seq/],
    [["extract", "stdlib"], /extract needs --out/],
    [
      ["tokenizer", "train", "--out", at("no"), "--kind", "words"],
      /--kind "words" does not exist.*bpe, code/,
    ],
    [
      ["tokenizer", "train", "--out", at("no"), "--without", "names"],
      /--without "names".*comments, docstrings/,
    ],
    [["run", "--corpus", "folder:/no/such/folder"], /folder "\/no\/such\/folder"/],
  ])("%j", async (args, wanted) => {
    expectLine(await run(...args, ...(args[0] === "run" ? ["--output-dir", at("refused")] : [])), wanted);
  });

  it("an empty corpus and an output that can't be written", async () => {
    mkdirSync(at("empty"));
    writeFileSync(at("file"), "");
    expectLine(await run(...small(at("x"), "--corpus", `folder:${at("empty")}`)), /holds no \.py file/);
    expectLine(await run(...small(path.join(at("file"), "run"))), /can't be written/);
    expectLine(
      await run("extract", "stdlib", "--out", path.join(at("nowhere"), "f.jsonl")),
      /can't be written/,
    );
  });

  it("filters that differ from those of the run", async () => {
    const seeds = small(at("filtered"), "--stage", "seeds");
    writeFileSync(at("filters.json"), '{"maxLines": 20}');
    expect((await run(...seeds, "--filters", at("filters.json"))).status).toBe(0);
    expect((await run(...seeds, "--filters", '{ "maxLines": 20 }')).status).toBe(0);
    expectLine(await run(...seeds, "--filters", '{"maxLines": 21}'), /filters/);
    expectLine(await run(...seeds, "--filters", at("filters.json"), "--types"), /types/);
  });

  it("a stage whose input is missing", async () => {
    expectLine(
      await run(...small(at("alone"), "--stage", "validate")),
      /responses\.jsonl is not there yet: run --stage instruct first/,
    );
  });
});

describe("a run", () => {
  const dir = at("run");
  beforeAll(async () => {
    expect((await run(...small(dir))).status).toBe(0);
  });

  it("does nothing when started again", async () => {
    const before = published(dir);
    const again = await run(...small(dir));
    expect(again.status).toBe(0);
    expect(again.stderr.match(/finished already/g)).toHaveLength(5);
    expect(differences(before, published(dir))).toEqual([]);
  });

  it("refuses other content options and names them", async () => {
    expectLine(
      await run(...small(dir, "--seed", "1")),
      /made with other options \(seed was 3407 and is now 1\)/,
    );
  });

  it("grows, and is then the same as one that was that large at once", async () => {
    const grown = at("grown");
    await run(...small(grown));
    expect((await run(...small(grown, "--num-samples", "7"))).status).toBe(0);
    const atOnce = at("at-once");
    await run(...small(atOnce, "--num-samples", "7"));
    expect(differences(published(atOnce), published(grown))).toEqual([]);
  });

  it("gives the same bytes stage by stage, with other speed options", async () => {
    const apart = at("apart");
    for (const stage of ["seeds", "instruct", "validate", "dataset", "report"]) {
      const ended = await run(...small(apart, "--stage", stage, "--batch-size", "1", "--workers", "1"));
      expect(ended.status, ended.stderr).toBe(0);
    }
    expect(differences(published(dir), published(apart))).toEqual([]);
  });

  it("refuses a damaged journal, names the line, and leaves it alone", async () => {
    const damaged = at("damaged");
    const file = path.join(damaged, "self_oss_output/responses.jsonl.part");
    const { child, ended } = start(small(damaged, "--num-samples", "40"));
    const watch = setInterval(() => {
      if (existsSync(file) && readFileSync(file, "utf8").split("\n").length > 3) child.kill("SIGKILL");
    }, 10);
    expect((await ended).signal).toBe("SIGKILL");
    clearInterval(watch);
    const bytes = readFileSync(file);
    bytes[200] = 0x7f;
    writeFileSync(file, bytes);
    const refused = await run(...small(damaged, "--num-samples", "40"));
    expectLine(refused, /responses\.jsonl\.part line 1 is damaged and rows follow it/);
    expect(readFileSync(file)).toEqual(bytes);
  });

  it("is refused to a second process while the first works", async () => {
    const shared = at("shared");
    const first = start(small(shared, "--num-samples", "30"));
    while (!existsSync(path.join(shared, "seed_output")))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expectLine(await run(...small(shared, "--num-samples", "30")), /is in use by process \d+/);
    first.child.kill("SIGKILL");
    await first.ended;
  });

  it("saves on Ctrl-C, says how to go on, and goes on", async () => {
    const stopped = at("stopped");
    const { child, ended } = start(small(stopped, "--num-samples", "12"));
    const watch = setInterval(() => {
      if (bytesWritten(stopped) < 60_000) return;
      clearInterval(watch);
      child.kill("SIGINT");
    }, 5);
    const { status, stderr } = await ended;
    expect(status, stderr).toBe(130);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(
      /stopped; what was finished is kept: the same command goes on/,
    );
    expect((await run(...small(stopped, "--num-samples", "12"))).status).toBe(0);
  });

  it("keeps a full disk from losing anything", async ({ skip }) => {
    const disk = at("disk");
    mkdirSync(disk);
    const mount = (...args: string[]): boolean => spawnSync("mount", args).status === 0;
    if (!mount("-t", "tmpfs", "-o", "size=600k", "tmpfs", disk))
      return skip("mounting a small tmpfs needs root");
    try {
      const out = path.join(disk, "run");
      expectLine(await run(...small(out, "--num-samples", "12")), /the disk is full/);
      expect(mount("-o", "remount,size=64m", disk)).toBe(true);
      const resumed = await run(...small(out, "--num-samples", "12"));
      expect(resumed.status, resumed.stderr).toBe(0);
      const calm = at("calm");
      await run(...small(calm, "--num-samples", "12"));
      expect(differences(published(calm), published(out))).toEqual([]);
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});

describe("extract", () => {
  it("writes every function of a folder, one JSON line each", async () => {
    mkdirSync(at("code/pkg"), { recursive: true });
    writeFileSync(
      at("code/pkg/a.py"),
      'import os\n\nclass A:\n    def m(self, x: int, *args) -> str:\n        """Doc."""\n        if x and args:\n            return os.sep\n        return ""\n\nasync def g():\n    pass\n',
    );
    const { status, stdout } = await run("extract", `folder:${at("code")}`, "--out", at("f.jsonl"));
    expect(status).toBe(0);
    expect(stdout).toContain("2 functions from 1 files");
    const rows = readFileSync(at("f.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(rows).toEqual([
      {
        path: "pkg/a.py",
        qualname: "A.m",
        line: 4,
        endLine: 8,
        async: false,
        docstring: "Doc.",
        returnsValue: true,
        params: 3,
        annotatedParams: 1,
        returnAnnotated: true,
        complexity: 2,
        freeNames: ["os"],
      },
      expect.objectContaining({
        qualname: "g",
        async: true,
        docstring: null,
        returnsValue: false,
        freeNames: [],
      }),
    ]);
  });

  it("answers --help for every verb", () => {
    for (const args of [["--help"], ["run", "--help"], ["extract", "--help"], ["verify", "--help"]]) {
      const { status, stdout } = spawnSync(
        process.execPath,
        [path.join(ROOT, "scripts/selfalign.mjs"), ...args],
        {
          encoding: "utf8",
        },
      );
      expect(status).toBe(0);
      expect(stdout).toContain("Usage: selfalign");
    }
  });
});
