// The contract with tslab: its inner files are used by cells.ts and show.ts, so an update must be a decision.
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";

const load = createRequire(import.meta.url);

describe("tslab", () => {
  it("is the version that the runner was written against", () => {
    expect(load("tslab/package.json")).toMatchObject({ version: "1.0.22" });
  });

  it("has the inner files, and what is used of them", async () => {
    const { createConverter } = load("tslab/dist/converter.js") as {
      createConverter: (options: object) => object;
    };
    const { createExecutor } = load("tslab/dist/executor.js") as {
      createExecutor: (folder: string, converters: object, console: object) => Record<string, unknown>;
    };
    const jupyter = load("tslab/dist/jupyter.js") as { lastWriteDisplayData: unknown };
    expect(jupyter.lastWriteDisplayData).toBeNull();
    const said: unknown[][] = [];
    const record = (...words: unknown[]): number => said.push(words);
    const converter = createConverter({ isJS: false, isBrowser: false }) as { close: () => void };
    const executor = createExecutor(
      process.cwd(),
      {
        node: converter,
        close: () => {
          converter.close();
        },
      },
      { log: record, error: record },
    ) as {
      execute: (code: string) => Promise<boolean>;
      interrupt: () => void;
      close: () => void;
      locals: object;
    };
    expect(await executor.execute("let seven = 3 + 4; seven")).toBe(true);
    expect(await executor.execute("let text: string = 1;")).toBe(false);
    expect(said[0]).toEqual([7]);
    expect(said[1]?.slice(0, 2)).toEqual(["%s%d:%d - %s", ""]);
    expect(executor.locals).toMatchObject({ seven: 7 });
    const waiting = executor.execute("await new Promise(() => undefined);");
    executor.interrupt();
    expect(await waiting).toBe(false);
    executor.close();
  });
});
