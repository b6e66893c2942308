// Processor time of this process and of all that it started (sandboxes with their watchers, notebook kernels).
import { readdir, readFile } from "node:fs/promises";

/** Linux counts processor time for /proc in hundredths of a second. */
const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  /** Ticks of the process itself and of children that it has waited for. */
  readonly ticks: number;
}

/**
 * Seconds of processor time so far of this process and its living descendants, and of those that were waited for;
 * null where the system does not tell (only Linux does).
 */
export async function cpuSeconds(): Promise<number | null> {
  const stats = new Map<number, Stat>();
  const entries = await readdir("/proc").catch(() => []);
  for (const pid of entries.filter((entry) => /^\d+$/.test(entry)).map(Number)) {
    const stat = await statOf(pid);
    if (stat !== null) stats.set(pid, stat);
  }
  if (!stats.has(process.pid)) return null;
  const isOurs = (pid: number): boolean => {
    for (let at = pid; at > 0; at = stats.get(at)?.parent ?? 0) if (at === process.pid) return true;
    return false;
  };
  const ours = [...stats].filter(([pid]) => isOurs(pid));
  return ours.reduce((sum, [, { ticks }]) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/** See proc(5): the fields behind the name in parentheses. */
async function statOf(pid: number): Promise<Stat | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [parent = 0, user = 0, system = 0, childUser = 0, childSystem = 0] = [1, 11, 12, 13, 14].map((at) =>
      Number(fields[at]),
    );
    return { parent, ticks: user + system + childUser + childSystem };
  } catch {
    return null;
  }
}
