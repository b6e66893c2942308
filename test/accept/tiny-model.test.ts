// Every figure of the tiny model's log, measured again from what is shipped: its weights, its tokenizer, the names of its held-out
// files, and the standard library.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { collect } from "../../src/core/collect.js";
import { openStdlib } from "../../src/corpus/stdlib.js";
import { openEngine } from "../../src/engine/open.js";
import type { ScoreRequest } from "../../src/engine/engine.js";
import { convertModel } from "../../src/model/conversion.js";
import { writeTinyModel } from "../../src/model/tiny.js";
import { loadTokenizer } from "../../src/model/tokenizer.js";
import { countNgrams } from "../../src/train/ngram.js";
import { ROOT } from "../system/whole-run.js";

const log = JSON.parse(
  readFileSync(path.join(ROOT, "data/models/starcoder2-tiny/training.json"), "utf8"),
) as {
  readonly heldOut: Readonly<Record<string, number>>;
  readonly bitsPerByte: { readonly int8: number; readonly fiveGram: number };
};
const base = mkdtempSync(path.join(tmpdir(), "selfalign-tiny-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

it("is what it was", async () => {
  const folder = path.join(base, "tiny");
  await writeTinyModel(folder);
  const tokenizer = await loadTokenizer(folder);
  const [end = -1] = tokenizer.special.eos;
  const train: number[][] = [];
  const held = new Map<string, number[]>();
  for await (const item of (await openStdlib()).files({ seed: 0 })) {
    if (!("file" in item)) continue;
    const ids = [end, ...tokenizer.encode(item.file.text, { specialAsText: true }), end];
    if (item.file.path in log.heldOut) held.set(item.file.path, ids);
    else train.push(ids);
  }
  const bytes = Object.values(log.heldOut).reduce((sum, size) => sum + size, 0);
  const ngrams = countNgrams(train, { vocabulary: tokenizer.vocabSize });
  const counted = [...held.values()].reduce((sum, ids) => sum + ngrams.bits(ids), 0) / bytes;
  expect(counted).toBeCloseTo(log.bitsPerByte.fiveGram, 3);

  const made = await convertModel(folder, path.join(base, "int8"));
  const engine = await openEngine(`local:${made.folder}`);
  async function* windows(): AsyncGenerator<ScoreRequest> {
    await Promise.resolve();
    for (const [key, ids] of held)
      for (let from = 1; from < ids.length; from += 1_024)
        yield {
          key: `${key} ${from}`,
          prompt: ids.slice(Math.max(0, from - 1_536), from),
          text: ids.slice(from, from + 1_024),
        };
  }
  let nats = 0;
  for (const score of await collect(engine.score(windows())))
    nats += "nll" in score ? score.nll * score.tokens : NaN;
  await engine.close();
  expect(nats / Math.LN2 / bytes).toBeCloseTo(log.bitsPerByte.int8, 3);
}, 600_000);
