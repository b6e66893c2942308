// The verb `convert` as it is typed: a fixture through the real command line, and one from a Hub of ours.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { serveHub } from "../hub/server.js";
import { ROOT, run, start, type Ended } from "./whole-run.js";

const TINY = path.join(ROOT, "test/fixtures/starcoder2/tiny");
const base = mkdtempSync(path.join(tmpdir(), "selfalign-convert-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const at = (name: string): string => path.join(base, name);
const weightsIn = (dir: string): unknown =>
  (JSON.parse(readFileSync(path.join(dir, "selfalign.json"), "utf8")) as { weights: unknown }).weights;

function expectLine({ status, stderr }: Ended, wanted: RegExp): void {
  expect(status, stderr).toBe(2);
  expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^selfalign: /);
  expect(stderr).toMatch(wanted);
  expect(stderr).not.toMatch(/^\s+at /m);
}

describe("selfalign convert", () => {
  it("converts, does nothing the second time, and refuses another type in the same folder", async () => {
    const out = at("tiny");
    const first = await run("convert", TINY, "--out", out);
    expect(first.stderr).toMatch(/weights \(MB\): \d+ done/);
    expect(first).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/tiny: tiny#[0-9a-f]{12} as int8 for cpu\n$/) as unknown,
    });
    expect(readdirSync(out).sort()).toEqual(["config.json", "onnx", "selfalign.json"]);
    const made = statSync(path.join(out, "selfalign.json")).mtimeMs;
    const second = await run("convert", TINY, "--out", out);
    expect(second).toMatchObject({ status: 0, stdout: first.stdout });
    expect(second.stderr).toMatch(/finished already/);
    expect(statSync(path.join(out, "selfalign.json")).mtimeMs).toBe(made);
    expectLine(
      await run("convert", TINY, "--out", out, "--dtype", "fp32"),
      /holds tiny#\w+ as int8 for cpu, not tiny#\w+ as fp32 for cpu: choose another --out/,
    );
  });

  it("goes on after Ctrl-C, from a Hub, with the same bytes", async () => {
    const names = ["config.json", "model.safetensors"];
    const files = Object.fromEntries(names.map((name) => [name, readFileSync(path.join(TINY, name))]));
    const server = await serveHub({ "acme/tiny": { kind: "model", files } });
    try {
      const [out, calm] = [at("stopped"), at("calm")];
      // The first ones change nothing: the request behind them is never answered.
      const path = /^\/cdn.*safetensors/;
      server.faults.push(...Array.from({ length: 20 }, () => ({ path })), { path, silent: true });
      const args = ["convert", "acme/tiny", "--out", out];
      const { child, ended } = start(args, { HF_ENDPOINT: server.url });
      while (server.faults.length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill("SIGINT");
      const stopped = await ended;
      expect(stopped.status, stopped.stderr).toBe(130);
      expect(stopped.stderr).toMatch(/what was finished is kept: the same command goes on from there/);
      const again = await start(args, { HF_ENDPOINT: server.url }).ended;
      expect(again.status, again.stderr).toBe(0);
      expect(readdirSync(out).sort()).toEqual(["config.json", "onnx", "selfalign.json"]);
      expect((await run("convert", TINY, "--out", calm)).status).toBe(0);
      expect(weightsIn(out)).toEqual(weightsIn(calm));
      expectLine(
        await start(["convert", "acme/none", "--out", at("none")], { HF_ENDPOINT: server.url }).ended,
        /model "acme\/none" is not at http.*; check its name, or set HF_TOKEN/,
      );
      expect(readdirSync(base)).not.toContain("none");
    } finally {
      await server.close();
    }
  });

  it("tells its flags", async () => {
    const { status, stdout } = await run("convert", "--help");
    expect(status).toBe(0);
    for (const flag of ["--out DIR", "--dtype TYPE", "--device NAME"]) expect(stdout).toContain(flag);
  });

  it.each([
    [[], /convert needs one model: selfalign convert bigcode\/starcoder2-3b/],
    [["a", "b"], /convert needs one model/],
    [["starcoder"], /model "starcoder" is no folder here and no repository's name/],
    [[TINY, "--dtype", "fp32", "--device", "cuda"], /dtype fp32 is for the device cpu/],
    [[TINY, "--dtype", "int8-64", "--device", "cuda"], /dtype int8-64 is for the device cpu/],
    [[TINY, "--dtype", "int8-128", "--device", "cuda"], /dtype int8-128 is for the device cpu/],
    [[TINY, "--dtype", "int4"], /dtype "int4" does not exist: choose int8, int8-64, int8-128, fp32, fp16/],
    [[TINY, "--device", "tpu"], /device "tpu" does not exist: choose cpu, cuda/],
    [[path.join(ROOT, "src")], /has no config\.json; name a checkpoint/],
  ])("refuses %j in one line", async (args, wanted) => {
    expectLine(await run("convert", ...args, "--out", at("refused")), wanted);
    expect(readdirSync(base)).not.toContain("refused");
  });

  it("refuses an output that can't be written", async () => {
    writeFileSync(at("file"), "");
    expectLine(await run("convert", TINY, "--out", at("file")), /can't be written/);
    expectLine(await run("convert", TINY, "--out", path.join(at("file"), "x")), /can't be written/);
  });
});
