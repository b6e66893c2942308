// How far a run has come: a line with bar, rate and remaining time on a terminal, plain lines now and then where the
// output is piped, and every milestone with its time in `pipeline.log`.
import { appendFileSync } from "node:fs";

/** Where lines go. `transient` lines may be overwritten by the next one. */
export type Draw = (line: string, transient: boolean) => void;

export interface ProgressOptions {
  /** Default: nothing is drawn. */
  readonly draw?: Draw;
  /** File that collects milestones with their time; default none. */
  readonly log?: string;
  /** Milliseconds between two lines of the log, default 5,000. */
  readonly logEveryMs?: number;
  /** Milliseconds clock, injected by tests. */
  readonly now?: () => number;
}

export interface Task {
  /** Counts finished items. */
  tick(count?: number): void;
  /** Sets how many there will be, when that becomes known. */
  expect(total: number): void;
  /** What stands behind the remaining time from now on, e.g. a loss. */
  note(text: string): void;
  /** The task is over; `note` says what came of it. */
  end(note: string): void;
}

export interface Progress {
  /** Starts a task; `done` items were there already (a resumed run) and don't count into the rate. */
  start(name: string, total: number | null, done?: number): Task;
  /** A line of its own. */
  say(text: string): void;
  /** Ends the display. */
  close(): void;
}

interface State {
  readonly name: string;
  total: number | null;
  readonly before: number;
  done: number;
  readonly since: number;
  note: string;
}

const REDRAW_MS = 100;

/** Ticks a task that counts megabytes by what is given in bytes. */
export function inMegabytes(task: Task): (bytes: number) => void {
  let [done, told] = [0, 0];
  return (bytes) => {
    done += bytes;
    const whole = Math.floor(done / 1e6);
    if (whole > told) task.tick(whole - told);
    told = whole;
  };
}

/** A display for one or more tasks that run at the same time. */
export function startProgress({
  draw = () => undefined,
  log,
  logEveryMs = 5_000,
  now = Date.now,
}: ProgressOptions = {}): Progress {
  const active: State[] = [];
  let drawn = 0;
  let logged = now();

  const write = (line: string): void => {
    if (log !== undefined) appendFileSync(log, `${new Date(now()).toISOString()} ${line}\n`);
  };
  const refresh = (): void => {
    if (active.length === 0) return;
    const time = now();
    if (time - drawn >= REDRAW_MS) {
      drawn = time;
      draw(active.map((state) => describe(state, time)).join("  "), true);
    }
    if (time - logged >= logEveryMs) {
      logged = time;
      write(active.map((state) => describe(state, time)).join("  "));
    }
  };
  const timer = setInterval(refresh, 1_000);
  timer.unref();

  return {
    start(name, total, done = 0) {
      const state: State = { name, total, before: done, done, since: now(), note: "" };
      active.push(state);
      refresh();
      return {
        tick(count = 1) {
          state.done += count;
          refresh();
        },
        expect(expected) {
          state.total = expected;
        },
        note(text) {
          state.note = text;
        },
        end(note) {
          active.splice(active.indexOf(state), 1);
          const line = `${name}: ${note} (${duration((now() - state.since) / 1_000)})`;
          draw(line, false);
          write(line);
        },
      };
    },
    say(text) {
      draw(text, false);
      write(text);
    },
    close() {
      clearInterval(timer);
    },
  };
}

/** Draws on a stream: in place on a terminal, otherwise a plain line at most every five seconds. */
export function drawOn(stream: NodeJS.WriteStream, now: () => number = Date.now): Draw {
  let last = now();
  return (line, transient) => {
    if (stream.isTTY) {
      const width = Math.max(20, stream.columns || 80) - 1;
      stream.write(`\r\u001b[K${transient ? line.slice(0, width) : `${line}\n`}`);
      return;
    }
    if (transient && now() - last < 5_000) return;
    last = now();
    stream.write(`${line}\n`);
  };
}

/** e.g. `validate [████░░░░░░] 120/300 35/s 5 s left`, and the note behind it. */
function describe({ name, total, before, done, since, note }: State, time: number): string {
  const seconds = Math.max(0.001, (time - since) / 1_000);
  const rate = (done - before) / seconds;
  const speed = rate > 0 ? ` ${speedOf(rate)}/s` : "";
  const behind = note === "" ? "" : ` ${note}`;
  if (total === null) return `${name} ${done}${speed}${behind}`;
  const left = rate > 0 && done < total ? ` ${duration((total - done) / rate)} left` : "";
  return `${name} ${bar(total === 0 ? 1 : done / total)} ${done}/${total}${speed}${left}${behind}`;
}

/** Slow work still shows that it moves: 0.04 and not 0.0. */
function speedOf(rate: number): string {
  if (rate >= 10) return rate.toFixed(0);
  return rate >= 0.1 ? rate.toFixed(1) : rate.toPrecision(1);
}

function bar(share: number): string {
  const full = Math.round(10 * Math.min(1, Math.max(0, share)));
  return `[${"█".repeat(full)}${"░".repeat(10 - full)}]`;
}

/** e.g. `8 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
