// What is kept apart for testing. In: where each published row comes from. Out: train or test for each, such that rows of one
// repository, and rows that nearly repeat one another, are never on both sides. Pure; holds three numbers per row.
import { InputError } from "../core/errors.js";
import { uniforms } from "../core/random.js";
import type { Split } from "../core/record.js";

/** Where a row comes from. */
export interface Place {
  readonly repository: string;
  readonly path: string;
}

export interface SplitOptions {
  /** Decides which groups are tested on; default 0. */
  readonly seed?: number;
  /** Largest share of the rows that is kept apart, 0..1; default 0.05. */
  readonly testShare?: number;
}

/** How a dataset was divided, in numbers. */
export interface SplitStats {
  readonly train: number;
  readonly test: number;
  /** What is never torn apart: repositories, or files where all rows come from one repository. */
  readonly grouping: "repository" | "file";
  /** Whether near-duplicates were kept together too. */
  readonly clustered: boolean;
  readonly groups: number;
}

/** Rows to be divided. */
export interface Division {
  /** Appends a row. */
  add(place: Place): void;
  /**
   * Divides those rows, by number from 0, that `isWanted`; ends the division. Rows of which `clusters` gives the same name nearly
   * repeat one another.
   */
  divide(isWanted: (row: number) => boolean, clusters?: ReadonlyMap<number, string>): Divided;
}

export interface Divided {
  readonly splitOf: (row: number) => Split;
  readonly stats: SplitStats;
}

/**
 * An empty division. Groups are the connected parts of rows that share a repository or a cluster; where there is one
 * repository only, a file or a cluster. In the order of a seeded hash of their names, those groups go to test that fit
 * into what is left of its share: test never exceeds its share, and is empty where the share is less than the smallest group.
 * @throws InputError where `testShare` is no number from 0 to 1.
 */
export function openDivision({ seed = 0, testShare = 0.05 }: SplitOptions = {}): Division {
  if (!(testShare >= 0 && testShare <= 1))
    throw new InputError(`testShare must be from 0 to 1, not ${testShare}`);
  const [repositories, files] = [numbering(), numbering()];
  const places: { readonly [Name in "repository" | "file"]: number[] } = { repository: [], file: [] };
  return {
    add({ repository, path }) {
      places.repository.push(repositories.of(repository));
      places.file.push(files.of(JSON.stringify([repository, path])));
    },
    divide(isWanted, clusters = new Map()) {
      const wanted = places.repository.flatMap((_, row) => (isWanted(row) ? [row] : []));
      const grouping = new Set(wanted.map((row) => places.repository[row])).size > 1 ? "repository" : "file";
      const { names } = grouping === "repository" ? repositories : files;
      const groups = groupsOf(wanted, places[grouping], clusters, names);
      let room = Math.floor(wanted.length * testShare);
      const test = new Set<number>();
      for (const { rows } of inDrawnOrder(groups, seed)) {
        if (rows.length > room) continue;
        room -= rows.length;
        for (const row of rows) test.add(row);
      }
      const stats: SplitStats = {
        train: wanted.length - test.size,
        test: test.size,
        grouping,
        clustered: wanted.some((row) => clusters.has(row)),
        groups: groups.length,
      };
      for (const list of [places.repository, places.file]) list.length = 0;
      for (const names of [repositories, files]) names.clear();
      return { splitOf: (row) => (test.has(row) ? "test" : "train"), stats };
    },
  };
}

/** Stands for no home. */
const NONE = -1;

interface Group {
  /** The first of its homes' names. */
  readonly name: string;
  readonly rows: readonly number[];
}

/** Connected parts of rows that share a home or a cluster (union-find over homes). */
function groupsOf(
  rows: readonly number[],
  homes: readonly number[],
  clusters: ReadonlyMap<number, string>,
  names: readonly string[],
): readonly Group[] {
  const parents = new Map<number, number>();
  const rootOf = (home: number): number => {
    let at = home;
    for (let up = parents.get(at) ?? at; up !== at; up = parents.get(at) ?? at) {
      parents.set(at, parents.get(up) ?? up);
      at = up;
    }
    return at;
  };
  const homeOfCluster = new Map<string, number>();
  for (const row of rows) {
    const [home = NONE, cluster] = [homes[row], clusters.get(row)];
    if (cluster === undefined) continue;
    parents.set(rootOf(home), rootOf(homeOfCluster.get(cluster) ?? home));
    homeOfCluster.set(cluster, home);
  }
  const groups = new Map<number, { name: string; rows: number[] }>();
  for (const row of rows) {
    const home = homes[row] ?? NONE;
    const root = rootOf(home);
    const name = names[home] ?? "";
    const group = groups.get(root) ?? { name, rows: [] };
    if (name < group.name) group.name = name;
    group.rows.push(row);
    groups.set(root, group);
  }
  return [...groups.values()];
}

/** Groups in an order that depends on the seed and their names only. */
function inDrawnOrder(groups: readonly Group[], seed: number): readonly Group[] {
  return groups
    .map((group) => ({ ...group, draw: uniforms(seed, `split:${group.name}`)() }))
    .sort((a, b) => a.draw - b.draw || (a.name < b.name ? -1 : 1));
}

interface Numbering {
  readonly names: readonly string[];
  /** The name's number, from 0 in the order in which names came. */
  of(name: string): number;
  /** Forgets all. */
  clear(): void;
}

function numbering(): Numbering {
  const numbers = new Map<string, number>();
  const names: string[] = [];
  return {
    names,
    of(name) {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      numbers.set(name, names.length);
      return names.push(name) - 1;
    },
    clear() {
      numbers.clear();
      names.length = 0;
    },
  };
}
