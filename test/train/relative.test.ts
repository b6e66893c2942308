// Classes of relative positions against transformers' (scripts/golden/training.py).
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { bucketOf, bucketsOf, type Distances } from "../../src/train/relative.js";

interface Tables {
  readonly first: number;
  readonly tables: readonly (Distances & { readonly classes: readonly number[] })[];
}

const file = path.resolve(import.meta.dirname, "../fixtures/training/t5-distances.json");
// A cast because the file is ours.
const { first, tables } = JSON.parse(readFileSync(file, "utf8")) as Tables;

it.each(tables)(
  "$buckets classes up to $distance, both ways: $bothWays, are those of transformers",
  ({ classes, ...distances }) => {
    expect(classes.map((_, at) => bucketOf(first + at, distances))).toEqual(classes);
  },
);

it("a row of classes is that of one token to all", () => {
  const oneWay = { buckets: 4, distance: 8, bothWays: false };
  expect(bucketsOf(3, oneWay)).toEqual([0, 0, 0, 1, 0, 0, 2, 1, 0]);
});
