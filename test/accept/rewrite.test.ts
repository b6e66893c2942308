// A long file rewritten by a process that is killed again and again, beside one that nobody disturbs: the same bytes, no row lost,
// none twice. SELFALIGN_ROWS is how many rows there are, 600,000 if it names none. Prints what was measured; asserts no times.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { finished } from "node:stream/promises";
import { afterAll, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { readRows } from "../../src/core/files.js";
import type { RewrittenRow } from "../../src/seq2seq/rewrite.js";
import { writeRandomT5 } from "../model/random-t5.js";
import { start, type Ended } from "../system/whole-run.js";

const ROWS = Number(process.env["SELFALIGN_ROWS"] ?? 600_000);
const KILLS = 8;
/** The second is ten times the first: what memory grows by between them it grows by with the rows. */
const SIZES = [Math.ceil(ROWS / 10), ROWS] as const;
const LOOK_EVERY_MS = 10;

const base = mkdtempSync(path.join(tmpdir(), "selfalign-rewrite-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const at = (name: string): string => path.join(base, name);

/** Of 9 to 27 bytes, no two alike. */
const textOf = (id: number): string => `${id} ${"to it ".repeat(id % 4)}add`;

async function writeTexts(name: string, rows: number): Promise<string> {
  const stream = createWriteStream(at(name));
  for (let id = 0; id < rows; id++) {
    const line = `${JSON.stringify({ id, text: textOf(id) })}\n`;
    if (!stream.write(line)) await once(stream, "drain");
  }
  await finished(stream.end());
  return at(name);
}

const bytesIn = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** What a process has taken: seconds of the clock and of processors, megabytes at most. */
interface Taken {
  readonly seconds: number;
  readonly cpu: number;
  readonly peak: number;
}

interface Watched extends Ended {
  readonly taken: Taken;
  /** Until the first row that was not there before; null where none came. */
  readonly firstRow: Taken | null;
  /** The most bytes that were seen in the journal. */
  readonly journaled: number;
}

const journalOf = (out: string): string => at(`${out}.part`);

/** Rewrites, and kills the process once it is told to, if ever. */
async function rewrite(input: string, out: string, killNow: () => boolean = () => false): Promise<Watched> {
  const before = bytesIn(journalOf(out));
  const begun = performance.now();
  const { child, ended } = start([
    ...["rewrite", at("t5"), "--texts", input, "--out", at(out), "--threads", "1"],
    ...["--num-beams", "1", "--max-tokens", "4", "--batch-size", "512"],
  ]);
  let taken: Taken = { seconds: 0, cpu: 0, peak: 0 };
  let firstRow: Taken | null = null;
  let journaled = before;
  const timer = setInterval(() => {
    taken = takenBy(child.pid, begun) ?? taken;
    journaled = Math.max(journaled, bytesIn(journalOf(out)));
    if (journaled > before) firstRow ??= taken;
    if (killNow()) child.kill("SIGKILL");
  }, LOOK_EVERY_MS);
  const end = await ended;
  clearInterval(timer);
  return { ...end, taken, firstRow, journaled };
}

/** As /proc tells it, in hundredths of a second and kilobytes; null where it does not, or for a process that has ended. */
function takenBy(pid: number | undefined, begun: number): Taken | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    if (peak === undefined) return null;
    const cpu = (Number(fields[11]) + Number(fields[12])) / 100;
    return { seconds: (performance.now() - begun) / 1_000, cpu, peak: Number(peak) / 1024 };
  } catch {
    return null;
  }
}

const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;

async function sumOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

it(`ends with the same ${ROWS} rows after ${KILLS} kills`, async () => {
  await writeRandomT5(at("t5"));
  const tell = (what: string, { taken, firstRow }: Watched): void => {
    const timesOf = ({ seconds, cpu }: Taken): string => `${seconds.toFixed(1)} s (${cpu.toFixed(1)} CPU-s)`;
    const first = firstRow === null ? "no row" : `first row after ${timesOf(firstRow)}`;
    console.log(`${what}: ${first}, ended after ${timesOf(taken)}, ${taken.peak.toFixed(0)} MB at most`);
  };
  let [input, journaled] = ["", 0];
  for (const rows of SIZES) {
    input = await writeTexts(`${rows}.jsonl`, rows);
    const calm = await rewrite(input, `${rows}-calm.jsonl`);
    expect(calm.status, calm.stderr).toBe(0);
    tell(`${rows} rows at ${(rows / calm.taken.seconds).toFixed(0)} a second`, calm);
    journaled = calm.journaled;
  }

  const seed = Date.now();
  console.log(`kills are drawn by the seed ${seed}`);
  const next = uniforms(seed, "kills");
  const kills = Array.from({ length: KILLS }, () => next() * journaled).sort((a, b) => a - b);
  const out = "rough.jsonl";
  for (const killAt of kills) {
    const there = bytesIn(journalOf(out));
    const killed = await rewrite(input, out, () => bytesIn(journalOf(out)) > Math.max(killAt, there));
    expect(killed.signal, killed.stderr).toBe("SIGKILL");
    tell(`with ${share(there, journaled)} of the rows there`, killed);
  }
  // Once more while the rows are being put in order; of few rows that may be over before it is seen.
  const late = await rewrite(input, out, () => bytesIn(at(`${out}.tmp`)) > 0);
  tell(`killed while publishing: ${late.signal === "SIGKILL"}`, late);
  const last = await rewrite(input, out);
  expect(last.status, last.stderr).toBe(0);
  tell("to the end", last);

  let id = 0;
  const ends = new Set<string>();
  for await (const row of readRows<RewrittenRow>(at(out))) {
    if (row.id !== id) expect(row.id).toBe(id);
    ends.add(row.finish);
    id++;
  }
  expect(id).toBe(ROWS);
  expect(ends).toEqual(new Set(["stop", "length"]));
  expect(await sumOf(at(out))).toBe(await sumOf(at(`${ROWS}-calm.jsonl`)));
});
