import { describe, expect, it } from "vitest";
import { fenced } from "../../src/dataset/markdown.js";
import { literal, reportMarkdown } from "../../src/report/markdown.js";
import { codeBlock, escapeHtml, scriptJson, tableHtml } from "../../src/report/markup.js";
import { reportHtml } from "../../src/report/page.js";
import { plotlySource } from "../../src/report/plotly.js";
import { secondsText, otherVerdicts, type Report } from "../../src/report/report.js";
import { exampleHighlight, exampleModelReport, exampleReport } from "./example.js";

const attack = `</script><script>alert("x")</script><img src=x onerror='alert(1)'>`;

/** The same report with hostile text wherever text may stand. */
function poisoned(): Report {
  const swap = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") return key === "verdict" ? value : `${value}${attack}`;
    if (Array.isArray(value)) return value.map((item) => swap(item));
    if (typeof value !== "object" || value === null) return value;
    const spoiled = key === "counts" || key === "metrics";
    return Object.fromEntries(
      Object.entries(value).map(([k, v]) => [spoiled ? `${k}${attack}` : k, swap(v, k)]),
    );
  };
  // swap keeps every type but the keys of free records.
  return { ...(swap(exampleReport) as Report), verdicts: exampleReport.verdicts, warnings: [attack] };
}

/** The page without plotly.js, which is 4.8 MB of somebody else's text. */
function pageOf(report: Report): string {
  return reportHtml(report, { highlight: exampleHighlight }).replace(plotlySource(), "");
}

describe("the report page", () => {
  const page = pageOf(exampleReport);

  it("gives the four verdicts apart, with the totals", () => {
    for (const [count, word] of [
      [38, "verified"],
      [112, "recorded"],
      [81, "executed"],
      [0, "defined"],
    ] as const) {
      expect(page).toMatch(new RegExp(`<b>${count}</b>\\s*<span class="name">${word}</span>`));
    }
    expect(otherVerdicts(exampleReport)).toBe(69);
    expect(page).toContain("<b>11,284</b> functions read");
    expect(page).toContain("<b>231</b> rows published");
    expect(page).toContain("<b>69</b> with any other verdict");
  });

  it("has a place for each chart and a link for each section", () => {
    const charts = 1 + exampleReport.rejects.length + 1 + exampleReport.metrics.length + 3 + 1;
    expect(page.match(/<div class="plot"/g)).toHaveLength(charts);
    const links = [...page.matchAll(/<a href="#([\w-]+)"/g)].map(([, id]) => id ?? "");
    expect(links.length).toBeGreaterThan(5);
    for (const id of links) expect(page).toContain(`<section id="${id}">`);
  });

  it("shows warnings only where there are some", () => {
    expect(page).not.toContain('role="alert"');
    expect(pageOf({ ...exampleReport, warnings: ["Unsafe sandbox"] })).toContain(
      'role="alert">Unsafe sandbox<',
    );
  });

  it("colours code with the highlighter it is given", () => {
    expect(page).toContain('<span class="t-keyword">def</span>');
    expect(reportHtml(exampleReport)).not.toContain('class="t-keyword"');
  });

  it("lets no text of a corpus or a model become markup", () => {
    const hostile = pageOf(poisoned());
    expect(hostile).not.toContain("<script>alert");
    expect(hostile).not.toContain("<img");
    // The page's own scripts: one data block per chart and the two that draw.
    const blocks = (html: string): number => html.match(/<\/script>/g)?.length ?? 0;
    expect(blocks(hostile)).toBe(blocks(page));
    expect(hostile.match(/alert\(&quot;x&quot;\)/g)?.length).toBeGreaterThan(30);
  });

  it("tells what a model did, only where one taught", () => {
    expect(page).not.toContain("What the model did");
    const taught = pageOf(exampleModelReport);
    expect(taught).toContain('<a href="#model">Model</a>');
    const cells = [...taught.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row = ""]) =>
      [...row.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell]) => cell),
    );
    expect(cells).toContainEqual(["concepts", "300", "812,004", "9,120", "99 %"]);
    expect(cells).toContainEqual(["responses", "812", "", "", "78 %"]);
    expect(taught).toContain("812 responses were drawn");
    expect(taught).toContain("2,800: the rounds saved 71 %");
  });

  it("takes a run that yielded nothing", () => {
    const none = {
      rejects: [],
      metrics: [],
      seeds: [],
      times: [],
      samples: [],
      licences: [],
      notices: [],
      loading: [],
    };
    const empty = pageOf({ ...exampleReport, ...none, verdicts: {}, funnel: [], options: [], versions: [] });
    expect(empty).toContain("No row was published.");
    expect(empty).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe("the Markdown twin", () => {
  it("tells what a model did, only where one taught", () => {
    expect(reportMarkdown(exampleReport)).not.toContain("What the model did");
    const text = reportMarkdown(exampleModelReport);
    expect(text).toContain("| step | requests | tokens sent | tokens drawn | could be read |");
    expect(text).toContain("| instructions | 297 | 903,551 | 31,008 | 94 % |");
    expect(text).toContain("| responses | 812 | – | – | 78 % |");
    expect(text).toContain("the rounds saved 71 %");
  });

  it("carries the same numbers, funnel, reasons and samples", () => {
    const text = reportMarkdown(exampleReport);
    for (const cell of [
      "| recorded | 112 |",
      "| functions read | 11,284 |",
      "| no\\-docstring",
      "geometric",
    ]) {
      expect(text).toContain(cell.replace("\\-", "-"));
    }
    expect(text).toContain("11,284 functions read, 231 rows published.");
  });

  it("lets no text become markup", () => {
    const text = reportMarkdown(poisoned()).replace(/(`{3,})[^]*?\1/g, "");
    expect(text).not.toMatch(/(^|[^\\])<(script|img)/m);
    expect(literal("a|b\n# c_d")).toBe("a\\|b \\# c\\_d");
  });

  it("fences code that holds fences", () => {
    expect(fenced("a\n````\nb\n", "md")).toBe("`````md\na\n````\nb\n`````");
  });
});

describe("markup", () => {
  it("escapes every character that HTML reads", () => {
    expect(escapeHtml(`<a b="c" d='e'>&`)).toBe("&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
  });

  it("keeps JSON intact inside a script", () => {
    const value = { a: "</script><!--", b: "\u2028" };
    expect(scriptJson(value)).not.toContain("<");
    expect(JSON.parse(scriptJson(value))).toEqual(value);
  });

  it("gives code back unchanged but for its colours", () => {
    const source = 'if a < b:\n    return "&amp;"\n';
    const html = codeBlock(source, exampleHighlight).replace(/<[^>]*>/g, "");
    expect(
      html
        .replace(/&lt;/g, "<")
        .replace(/&quot;/g, '"')
        .replace(/&amp;/g, "&"),
    ).toBe(source);
  });

  it("cuts long tables and says how much is missing", () => {
    const rows = Array.from({ length: 30 }, (_, n) => ({ n, name: n % 2 === 0 ? null : `row ${n}` }));
    const html = tableHtml(rows, { limit: 4 });
    expect(html.match(/<tr>/g)).toHaveLength(5);
    expect(html).toContain("26 more rows");
    expect(html).toContain('<td style="text-align:left">row 3</td>');
  });

  it("writes durations for people", () => {
    expect([0.1234, 12.34, 59.99, 250].map(secondsText)).toEqual(["0.12 s", "12.3 s", "60 s", "4 min 10 s"]);
  });
});
