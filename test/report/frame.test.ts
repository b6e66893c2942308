import { describe, expect, it, vi } from "vitest";
import { toFrame } from "../../src/report/frame.js";

const rows = [
  { name: "a-1", lines: 4, score: 0.5, ok: true },
  { name: "a-2", lines: 8, score: null, ok: false },
  { name: "b", lines: 12, score: 1.5, ok: true },
];

describe("a frame", () => {
  it("takes the head and selected columns without changing the whole", async () => {
    const frame = await toFrame(rows);
    const part = frame.head(2).select("lines", "name");
    expect(part.rows).toEqual([
      { lines: 4, name: "a-1" },
      { lines: 8, name: "a-2" },
    ]);
    expect(part.columns).toEqual(["lines", "name"]);
    expect(frame.rows).toEqual(rows);
  });

  it("describes columns of numbers and leaves gaps out", async () => {
    const described = (await toFrame(rows)).describe();
    expect(described.columns).toEqual(["figure", "lines", "score"]);
    const figures = new Map(described.rows.map((row) => [row["figure"], row]));
    expect(figures.get("count")).toMatchObject({ lines: 3, score: 2 });
    expect(figures.get("mean")).toMatchObject({ lines: 8, score: 1 });
    expect(figures.get("std")?.["lines"]).toBeCloseTo(4, 12);
    expect(figures.get("std")?.["score"]).toBeCloseTo(Math.SQRT1_2, 12);
    expect(figures.get("median")).toMatchObject({ lines: 8, score: 1 });
    expect(figures.get("max")).toMatchObject({ lines: 12, score: 1.5 });
  });

  it("describes nothing where there are no numbers", async () => {
    expect((await toFrame([{ a: "x" }])).describe().rows).toEqual([]);
  });

  it("draws names that danfo keeps for itself, and empty tables", async () => {
    const drawn = (await toFrame([{ size: 7, shape: "round", index: true }])).toString();
    expect(drawn).toContain("size_");
    expect(drawn).toContain("round");
    expect((await toFrame([])).toString()).toContain("no rows");
  });

  it("takes rows that lack columns", async () => {
    const frame = await toFrame([{ a: 1 }, { a: 2, b: 3 }]);
    expect(frame.columns).toEqual(["a", "b"]);
    expect(frame.html()).toContain("<td");
    expect(frame.toString()).toContain("3");
  });

  it("prints nothing on its own", async () => {
    const spies = [vi.spyOn(console, "log"), vi.spyOn(console, "warn"), vi.spyOn(process.stdout, "write")];
    const frame = await toFrame(rows);
    frame.describe().toString();
    expect(spies.map((spy) => spy.mock.calls.length)).toEqual([0, 0, 0]);
    spies.forEach((spy) => {
      spy.mockRestore();
    });
  });

  it("escapes what it shows as HTML", async () => {
    const html = (await toFrame([{ "<b>": "<script>alert(1)</script>" }])).html();
    expect(html).not.toMatch(/<(script|b)>/);
    expect(html).toContain("&lt;script&gt;");
  });
});
