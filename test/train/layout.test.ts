import { expect, it } from "vitest";
import type { Parameter } from "../../src/grad/parameters.js";
import { layoutOf } from "../../src/train/layout.js";

const parameter = (name: string, dims: readonly number[], decayed: boolean): Parameter => ({
  name,
  dims,
  decayed,
  initial: { kind: "constant", value: 0 },
});

it("lays decayed parameters first and cuts pieces of one kind, none too long", () => {
  const { places, pieces, size } = layoutOf(
    [parameter("bias", [3], false), parameter("matrix", [3, 4], true), parameter("gain", [4], false)],
    5,
  );
  expect(places.map(({ parameter: { name }, from }) => [name, from])).toEqual([
    ["matrix", 0],
    ["bias", 12],
    ["gain", 15],
  ]);
  expect(pieces).toEqual([
    { from: 0, size: 5, decayed: true },
    { from: 5, size: 5, decayed: true },
    { from: 10, size: 2, decayed: true },
    { from: 12, size: 5, decayed: false },
    { from: 17, size: 2, decayed: false },
  ]);
  expect(size).toBe(19);
});
