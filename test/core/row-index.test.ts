import { describe, expect, it } from "vitest";
import { sha1Of } from "../../src/core/record.js";
import { newRowIndex, type Place } from "../../src/core/row-index.js";

const FILES = ["rows", "rows.failed", "position"];

/** Keys that are sums, and such that are not: short, long, beyond ASCII, and the beginning of one another. */
const keyFor = (at: number): string => {
  const short = `position:${at % 40}`;
  return (
    [short, sha1Of(`row ${at % 900}`), `${short} of ${"many ".repeat(6)}`, `p\u00f6sition:${at % 30}`][
      at % 4
    ] ?? ""
  );
};

/** Places of which some share a key. */
const places = (count: number): Place[] =>
  Array.from({ length: count }, (_, at) => ({
    file: FILES[(at * 7) % 3] ?? "",
    key: keyFor(at),
    offset: at * 2 ** 33,
    length: 100 + at,
  }));

/** Asserts that the index says what the list of places says. */
function expectSame(index: ReturnType<typeof newRowIndex>, list: readonly Place[]): void {
  expect(index.size).toBe(list.length);
  expect(list.map((_, at) => index.at(at))).toEqual(list);
  expect(index.at(list.length)).toBeUndefined();
  expect(index.at(-1)).toBeUndefined();
  for (const { key } of places(1_000))
    expect(index.find(key)).toEqual(list.findLast((place) => place.key === key));
  for (const file of FILES) {
    const own = [...list.keys()].filter((at) => list[at]?.file === file);
    expect(index.counts.get(file) ?? 0).toBe(own.length);
    expect(index.lastOf(file)).toBe(own.at(-1) ?? -1);
    expect([...index.rowsOf(file, "appended")]).toEqual(own);
    const keyOf = (at: number): string => list[at]?.key ?? "";
    own.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
    expect([...index.rowsOf(file, "key")]).toEqual(own);
  }
}

describe("an index of rows", () => {
  it("says what a list of places says, after rows were forgotten and others came, too", () => {
    const index = newRowIndex();
    expectSame(index, []);
    const list = places(1_000);
    for (const place of list) index.add(place);
    expectSame(index, list);
    index.cut(300);
    expectSame(index, list.slice(0, 300));
    const others = [...list.slice(0, 300), ...places(500).slice(200)];
    for (const place of others.slice(300)) index.add(place);
    expectSame(index, others);
  });

  it("knows no file and no key that it was not given", () => {
    const index = newRowIndex();
    index.add({ file: "rows", key: sha1Of("one"), offset: 0, length: 1 });
    expect(index.find(sha1Of("two"))).toBeUndefined();
    expect(index.find("two")).toBeUndefined();
    expect(index.lastOf("failed")).toBe(-1);
    expect([...index.rowsOf("failed", "key")]).toEqual([]);
  });
});
