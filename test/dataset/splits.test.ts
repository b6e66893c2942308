import { describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import type { Split } from "../../src/core/record.js";
import {
  openDivision,
  type Place as Home,
  type SplitOptions,
  type SplitStats,
} from "../../src/dataset/splits.js";

/** A row's home, and the name of the cluster that it is in. */
interface Place extends Home {
  readonly cluster: string | null;
}

function divide(
  places: readonly Partial<Place>[],
  options: SplitOptions = {},
  isWanted: (row: number) => boolean = () => true,
): { readonly splits: readonly Split[]; readonly stats: SplitStats } {
  const division = openDivision(options);
  for (const place of places) division.add({ repository: "r", path: "p.py", ...place });
  const clusters = places.flatMap(({ cluster = null }, row) =>
    cluster === null ? [] : [[row, cluster] as const],
  );
  const { splitOf, stats } = division.divide(isWanted, new Map(clusters));
  return { splits: places.map((_, row) => splitOf(row)), stats };
}

/** Rows of which `count` are of each repository. */
function inRepositories(repositories: number, count = 1): readonly Partial<Place>[] {
  return Array.from({ length: repositories * count }, (_, n) => ({ repository: `r${n % repositories}` }));
}

/** The reference: rows that can be reached from one another, found by walking. */
function reachable(places: readonly Place[], home: (place: Place) => string): readonly number[] {
  const names = places.map(() => -1);
  places.forEach((_, start) => {
    if (names[start] !== -1) return;
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      names[at] = start;
      const here = places[at] as Place;
      places.forEach((there, other) => {
        const linked =
          home(here) === home(there) || (here.cluster !== null && here.cluster === there.cluster);
        if (linked && names[other] === -1) open.push(other);
      });
    }
  });
  return names;
}

describe("a division", () => {
  it("keeps the asked share apart where groups are small", () => {
    const { splits, stats } = divide(inRepositories(1000));
    expect(stats).toEqual({ train: 950, test: 50, grouping: "repository", clustered: false, groups: 1000 });
    expect(splits.filter((split) => split === "test")).toHaveLength(50);
    expect(divide(inRepositories(1000), { testShare: 0.2 }).stats.test).toBe(200);
    expect(divide(inRepositories(1000), { testShare: 0 }).stats.test).toBe(0);
  });

  it("never tears apart what hangs together, planted at random", () => {
    const next = uniforms(5, "places");
    const some = (count: number): number => Math.floor(next() * count);
    let tested = 0;
    for (let round = 0; round < 60; round++) {
      const repositories = round % 3 === 0 ? 1 : 40;
      const places = Array.from({ length: 120 }, (): Place => {
        const cluster = next() < 0.25 ? `c${some(20)}` : null;
        return { repository: `r${some(repositories)}`, path: `f${some(60)}.py`, cluster };
      });
      const { splits, stats } = divide(places, { seed: round, testShare: 0.3 });
      expect(stats.grouping).toBe(repositories === 1 ? "file" : "repository");
      const home = (place: Place): string => (repositories === 1 ? place.path : place.repository);
      const names = reachable(places, home);
      expect(stats.groups).toBe(new Set(names).size);
      places.forEach((_, row) => expect(splits[row]).toBe(splits[names[row] ?? -1]));
      expect(stats.test).toBe(splits.filter((split) => split === "test").length);
      expect(stats.test).toBeLessThanOrEqual(36);
      tested += stats.test;
    }
    expect(tested).toBeGreaterThan(60);
  });

  it("follows a chain of clusters through repositories", () => {
    const chain = ["a", "b", "c"].flatMap((name, n) => [
      { repository: name, cluster: `${n}` },
      { repository: name, cluster: `${n + 1}` },
    ]);
    const { splits, stats } = divide([...chain, ...inRepositories(6)], { testShare: 0.5 });
    expect(stats).toMatchObject({ groups: 7, clustered: true });
    expect(new Set(splits.slice(0, 6)).size).toBe(1);
  });

  it("goes by files where all rows come from one repository, and only then", () => {
    const files = Array.from({ length: 100 }, (_, n) => ({ path: `f${n % 50}.py` }));
    const { splits, stats } = divide(files);
    expect(stats).toMatchObject({ train: 96, test: 4, grouping: "file", groups: 50 });
    expect(splits.slice(0, 50)).toEqual(splits.slice(50));
    expect(divide([...files, { repository: "other" }]).stats).toMatchObject({
      grouping: "repository",
      groups: 2,
    });
  });

  it("looks at wanted rows only", () => {
    const places = [
      ...inRepositories(40),
      { repository: "r0", cluster: "c" },
      { repository: "r1", cluster: "c" },
    ];
    expect(divide(places, {}, (row) => row < 40).stats).toEqual({
      train: 38,
      test: 2,
      grouping: "repository",
      clustered: false,
      groups: 40,
    });
  });

  it("draws by the seed and the groups' names, not by the order of the rows", () => {
    const places = inRepositories(200, 2);
    const testOf = (rows: readonly Partial<Place>[], seed: number): string[] => {
      const { splits } = divide(rows, { seed });
      return [
        ...new Set(rows.flatMap(({ repository = "" }, n) => (splits[n] === "test" ? [repository] : []))),
      ].sort();
    };
    expect(testOf([...places].reverse(), 1)).toEqual(testOf(places, 1));
    expect(testOf(places, 2)).not.toEqual(testOf(places, 1));
  });

  it("tests on nothing where the share is less than the smallest group", () => {
    expect(divide([]).stats).toEqual({ train: 0, test: 0, grouping: "file", clustered: false, groups: 0 });
    expect(divide(inRepositories(19)).stats).toMatchObject({ train: 19, test: 0 });
    expect(divide(inRepositories(20)).stats).toMatchObject({ train: 19, test: 1 });
    expect(divide(inRepositories(2, 50)).stats).toMatchObject({ train: 100, test: 0 });
  });

  it("refuses a share that is none", () => {
    expect(() => openDivision({ testShare: 1.5 })).toThrow(/testShare must be from 0 to 1, not 1\.5/);
  });
});
