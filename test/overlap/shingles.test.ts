import { expect, it } from "vitest";
import { openShingles } from "../../src/overlap/shingles.js";

const shingles = openShingles();

function hashesOf(text: string): number[] {
  const count = shingles.read(text);
  return [...shingles.hashes().subarray(0, count)];
}

it("gives one shingle per run of five tokens", () => {
  expect(hashesOf("a b c d e f g")).toHaveLength(3);
  expect(hashesOf("a b c d e")).toHaveLength(1);
  expect(hashesOf("a b")).toHaveLength(1);
  expect(hashesOf(" \n+-(){}")).toEqual([]);
  expect(hashesOf("")).toEqual([]);
});

it("sees tokens, not what stands between them", () => {
  expect(hashesOf("def f(x):\n    return x+1")).toEqual(hashesOf("def f ( x ) : return x + 1"));
  expect(hashesOf("straße 東京 _x1 A a")).toEqual(hashesOf("straße,東京,_x1,A,a,"));
  expect(hashesOf("a b c d e")).not.toEqual(hashesOf("a b c d E"));
  expect(hashesOf("a b c d e")).not.toEqual(hashesOf("b a c d e"));
  expect(hashesOf("ab c d e f")).not.toEqual(hashesOf("a bc d e f"));
});

it("gives equal hashes to equal runs, wherever they stand, and no others", () => {
  const tokens = Array.from({ length: 4_000 }, (_, at) => `t${(at * at) % 61}`);
  const runs = new Set(tokens.slice(4).map((_, at) => tokens.slice(at, at + 5).join(" ")));
  expect(new Set(hashesOf(tokens.join("\n"))).size).toBe(runs.size);
});

it("reads a long text after a short one, and a short one after that", () => {
  const short = hashesOf("a b c d e f");
  expect(hashesOf("x y ".repeat(10_000))).toHaveLength(19_996);
  expect(hashesOf("a b c d e f")).toEqual(short);
});
