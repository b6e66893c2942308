import { describe, expect, it } from "vitest";
import { splitChunks } from "../../src/train/chunks.js";

const file = (repository: string, path: string, tokens: number) => ({
  key: `${repository}/${path}`,
  repository,
  path,
  tokens,
});

describe("pieces", () => {
  it("are of full length, of one file each, and short ends are dropped", () => {
    const documents = [
      file("r", "a", 10),
      file("r", "b", 3),
      file("r", "c", 0),
      file("r", "d", 4),
      file("r", "e", 9),
    ];
    const { train, valid } = splitChunks(documents, { context: 4, share: 0 });
    // a is 0..9, b 10..12, d 13..16, e 17..25.
    expect([...train.starts]).toEqual([0, 4, 13, 17, 21]);
    expect(train.stats).toEqual({ documents: 5, chunks: 5, tokens: 20, dropped: 2 + 3 + 1 });
    expect(valid.stats).toEqual({ documents: 0, chunks: 0, tokens: 0, dropped: 0 });
  });

  it("reach back at a file's end where nothing is to be dropped", () => {
    const documents = [file("r", "a", 10), file("r", "b", 3), file("r", "c", 4), file("r", "d", 5)];
    const { train } = splitChunks(documents, { context: 4, share: 0, reachBack: true });
    // a is 0..9, b 10..12, too short for a piece, c 13..16, d 17..21.
    expect([...train.starts]).toEqual([0, 4, 6, 13, 17, 18]);
    expect(train.stats).toEqual({ documents: 4, chunks: 6, tokens: 19, dropped: 3 });
  });

  it("are none where there is no file", () => {
    const { train, stats } = splitChunks([], { context: 4 });
    expect(train.starts).toHaveLength(0);
    expect(stats.groups).toEqual({ train: 0, valid: 0 });
  });
});

describe("the split", () => {
  const many = Array.from({ length: 200 }, (_, at) => file(`r${at % 40}`, `f${at}`, 100 + 7 * (at % 5)));

  it("keeps a repository on one side, and no more than the share for validation", () => {
    const { train, valid, stats } = splitChunks(many, { context: 10, share: 0.1, seed: 3 });
    const ends = many.map((_, at) => many.slice(0, at + 1).reduce((sum, { tokens }) => sum + tokens, 0));
    const repositoryAt = (start: number) => many[ends.findIndex((end) => start < end)]?.repository;
    const sides = [train, valid].map(({ starts }) => new Set([...starts].map(repositoryAt)));
    expect([...(sides[0] ?? [])].filter((name) => sides[1]?.has(name))).toEqual([]);
    expect(stats).toEqual({ unit: "repository", groups: { train: 36, valid: 4 } });
    const share = valid.stats.chunks / (valid.stats.chunks + train.stats.chunks);
    expect(share).toBeGreaterThan(0.08);
    expect(share).toBeLessThanOrEqual(0.1);
    expect(train.stats.documents + valid.stats.documents).toBe(200);
  });

  it("is drawn by its seed", () => {
    const starts = (seed: number) => [...splitChunks(many, { context: 10, share: 0.1, seed }).valid.starts];
    expect(starts(1)).toEqual(starts(1));
    expect(starts(1)).not.toEqual(starts(2));
  });

  it("goes by file where every repository is too large", () => {
    const one = Array.from({ length: 50 }, (_, at) => file("only", `f${at}`, 100));
    const { valid, stats } = splitChunks(one, { context: 10, share: 0.1 });
    expect(stats).toEqual({ unit: "file", groups: { train: 45, valid: 5 } });
    expect(valid.stats).toEqual({ documents: 5, chunks: 50, tokens: 500, dropped: 0 });
  });
});
