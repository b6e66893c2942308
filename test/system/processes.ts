// The process tree below a process, read from /proc (Linux).
import { readdirSync, readFileSync } from "node:fs";

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Process group; a terminal's Ctrl-C goes to a whole group. */
  readonly group: number;
  /** Arguments, joined by blanks; empty for one that has ended and is not yet waited for. */
  readonly command: string;
}

function processes(): Process[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return numbers.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return [{ pid: Number(pid), parent: Number(stat[1]), group: Number(stat[2]), command }];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
}

/** All processes that descend from `pid`. */
export function descendants(pid: number): Process[] {
  const all = processes();
  const below = (parent: number): Process[] =>
    all.filter((each) => each.parent === parent).flatMap((child) => [child, ...below(child.pid)]);
  return below(pid);
}

/** The group that a process is in; undefined when it is not there. */
export function groupOf(pid: number): number | undefined {
  return processes().find((each) => each.pid === pid)?.group;
}

/** Those of the processes that still run. */
export function running(pids: readonly number[]): number[] {
  const alive = new Set(
    processes()
      .filter(({ command }) => command !== "")
      .map(({ pid }) => pid),
  );
  return pids.filter((pid) => alive.has(pid));
}
