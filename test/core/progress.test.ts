import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { drawOn, duration, startProgress } from "../../src/core/progress.js";

function stream(isTTY: boolean): { text: string; stream: NodeJS.WriteStream } {
  const sink = { text: "" };
  const write = (chunk: string): boolean => {
    sink.text += chunk;
    return true;
  };
  return Object.assign(sink, { stream: { isTTY, columns: 60, write } as unknown as NodeJS.WriteStream });
}

describe("progress", () => {
  it("shows bar, count, rate and remaining time", () => {
    let time = 0;
    const lines: string[] = [];
    const progress = startProgress({ draw: (line) => lines.push(line), now: () => time });
    const task = progress.start("validate", 300, 100);
    time = 10_000;
    task.tick(50);
    expect(lines.at(-1)).toBe("validate [█████░░░░░] 150/300 5.0/s 30 s left");
    task.note("loss 3.41");
    time = 12_000;
    task.tick(10);
    expect(lines.at(-1)).toBe("validate [█████░░░░░] 160/300 5.0/s 28 s left loss 3.41");
    task.end("200 verified");
    expect(lines.at(-1)).toBe("validate: 200 verified (12 s)");
    progress.close();
  });

  it("shows that slow work moves", () => {
    let time = 0;
    const lines: string[] = [];
    const progress = startProgress({ draw: (line) => lines.push(line), now: () => time });
    const task = progress.start("train", 2);
    time = 25_000;
    task.tick();
    expect(lines.at(-1)).toBe("train [█████░░░░░] 1/2 0.04/s 25 s left");
    progress.close();
  });

  it("overwrites its line on a terminal and prints plain lines, rarely, when piped", () => {
    let time = 0;
    const terminal = stream(true);
    const piped = stream(false);
    const [onTerminal, onPipe] = [drawOn(terminal.stream, () => time), drawOn(piped.stream, () => time)];
    for (time = 0; time < 12_000; time += 1_000) {
      onTerminal(`at ${time}`, true);
      onPipe(`at ${time}`, true);
    }
    onPipe("done", false);
    expect(terminal.text.startsWith("\r\u001b[Kat 0\r\u001b[Kat 1000")).toBe(true);
    expect(terminal.text).not.toContain("\n");
    expect(piped.text).toBe("at 5000\nat 10000\ndone\n");
  });

  it("writes milestones with their time to the log", async () => {
    const log = path.join(await mkdtemp(path.join(tmpdir(), "log-")), "pipeline.log");
    const progress = startProgress({ log });
    progress.start("seeds", null).end("3 kept");
    progress.close();
    expect(await readFile(log, "utf8")).toMatch(/^\d{4}-\d\d-\d\dT\S+Z seeds: 3 kept \(0 s\)\n$/);
  });

  it("says durations as people do", () => {
    expect([4.2, 61, 7_500].map(duration)).toEqual(["4 s", "1 min 1 s", "2 h 5 min"]);
  });
});
