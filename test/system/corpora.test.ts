import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sample } from "../../src/core/record.js";
import { openCorpus } from "../../src/corpus/open.js";
import { parquetOf } from "../corpus/reading.js";
import { COMMIT, serveHub, serveObjects, TOKEN, type TestServer } from "../hub/server.js";
import { start, type Ended } from "./whole-run.js";

// The command line on The Stack v2 as servers of ours hold it: gated rows in Parquet on a Hub, contents in an archive. What
// is in it are modules of the standard library.
const base = mkdtempSync(path.join(tmpdir(), "selfalign-corpora-"));
let hub: TestServer;
let archive: TestServer;

beforeAll(async () => {
  const contents: string[] = [];
  for await (const item of (await openCorpus("stdlib")).files({ seed: 1 })) {
    if ("file" in item && item.file.text.length < 60_000) contents.push(item.file.text);
    if (contents.length === 120) break;
  }
  const sha1 = (text: string): string => createHash("sha1").update(text).digest("hex");
  const shard = (from: number, to: number): Buffer => {
    const part = contents.slice(from, to);
    return parquetOf(
      {
        blob_id: part.map(sha1),
        repo_name: part.map((_, at) => `ada/r${from + at}`),
        path: part.map((_, at) => `/src/m${from + at}.py`),
        revision_id: part.map(() => "r1"),
        detected_licenses: part.map((_, at) => (at % 2 === 0 ? ["MIT"] : ["MIT", "Apache-2.0"])),
        license_type: part.map((_, at) => (at % 10 === 0 ? "no_license" : "permissive")),
        src_encoding: part.map(() => "UTF-8"),
        length_bytes: part.map((text) => BigInt(Buffer.byteLength(text))),
      },
      16,
    );
  };
  const files = {
    "data/Python/train-0.parquet": shard(0, 70),
    "data/Python/train-1.parquet": shard(70, 120),
  };
  hub = await serveHub({ "bigcode/the-stack-v2-dedup": { files, gated: true } });
  archive = await serveObjects(new Map(contents.map((text) => [sha1(text), gzipSync(text)])));
});
afterAll(async () => {
  await hub.close();
  await archive.close();
  rmSync(base, { recursive: true });
});

function go(dir: string, ...flags: readonly string[]): ReturnType<typeof start> {
  const args = ["run", "--corpus", "the-stack-v2-dedup", "--output-dir", path.join(base, dir), ...flags];
  return start(args, { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN, SWH_CONTENT_URL: `${archive.url}/content` });
}

function seedsIn(dir: string): string[] {
  const folder = path.join(base, dir, "seed_output");
  return ["filtered_functions.jsonl", "rejected.jsonl"].map((file) =>
    readFileSync(path.join(folder, file), "utf8"),
  );
}

const ended = async ({ ended }: ReturnType<typeof start>): Promise<Ended> => ended;

describe("a run on The Stack v2", () => {
  it("becomes a dataset whose rows say where they are from", async () => {
    const { status, stderr } = await ended(go("whole", "--num-samples", "20"));
    expect(status, stderr).toBe(0);
    expect(stderr).not.toContain(TOKEN);
    expect(stderr).toContain("their identifiers are sha1");
    const file = path.join(base, "whole/final_dataset/instruction_dataset.jsonl");
    const rows = readFileSync(file, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Sample); // prettier-ignore
    expect(rows.length).toBeGreaterThan(0);
    for (const { provenance } of rows) {
      expect(provenance).toMatchObject({ source: "the-stack-v2-dedup", revision: "r1" });
      expect(provenance.repository).toMatch(/^ada\/r\d+$/);
      expect(["MIT", "Apache-2.0 AND MIT"]).toContain(provenance.licence);
    }
    expect(readFileSync(path.join(base, "whole/final_dataset/README.md"), "utf8")).toContain(COMMIT);
  });

  it("gathers the same seeds when it is killed and the network fails", async () => {
    const flags = ["--num-samples", "60", "--stage", "seeds"];
    expect((await ended(go("calm", ...flags))).status).toBe(0);
    let killed = 0;
    for (const after of [5, 20, 40, 60, 80]) {
      const before = archive.seen.length;
      archive.faults.push({ path: /content/, status: 503 }, { path: /content/, cutAfter: 30 });
      hub.faults.push({ path: /cdn/, cutAfter: 500 }, { path: /tree/, status: 500 });
      const { child, ended: over } = go("rough", ...flags);
      const watch = setInterval(() => {
        if (archive.seen.length - before >= after) child.kill("SIGKILL");
      }, 1);
      if ((await over).signal === "SIGKILL") killed++;
      clearInterval(watch);
    }
    expect(killed).toBeGreaterThan(2);
    const last = await ended(go("rough", ...flags));
    expect(last.status, last.stderr).toBe(0);
    expect(seedsIn("rough")).toEqual(seedsIn("calm"));
  });

  it("is refused in one line without a token", async () => {
    const args = ["run", "--corpus", "the-stack-v2-dedup", "--output-dir", path.join(base, "none")];
    const { status, stderr } = await start(args, { HF_ENDPOINT: hub.url, HF_TOKEN: "" }).ended;
    expect(status).toBe(2);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(
      /^selfalign: dataset "bigcode\/the-stack-v2-dedup" is gated: /,
    );
  });
});
