import { describe, expect, it } from "vitest";
import { markdownHtml, notebookHtml } from "../../src/notebook/html.js";
import type { Output } from "../../src/notebook/nbformat.js";
import { loadPlotly, notebookProgress, showChart, showTable } from "../../src/notebook/show.js";
import { funnelChart } from "../../src/report/charts.js";
import { plotlySource } from "../../src/report/plotly.js";
import { code, markdown, notebookOf } from "./build.js";

const figure = funnelChart([{ name: "</script>", count: 3 }]);
const chart: Output = {
  output_type: "display_data",
  data: {
    "application/vnd.plotly.v1+json": { data: figure.data, layout: figure.layout },
    "text/html": "<b>fallback</b>",
  },
  metadata: {},
};

function page(...outputs: readonly Output[]): string {
  return notebookHtml(notebookOf(markdown("# Seeds & more"), { ...code("a < b"), outputs }));
}

describe("a notebook as a page", () => {
  it("is titled by its first heading and shows code as text", () => {
    expect(page()).toContain("<title>Seeds &amp; more</title>");
    expect(page()).toContain('<pre class="cell"><code>a &lt; b</code></pre>');
  });

  it("brings plotly.js once, and only where there is a chart", () => {
    const many = page(chart, chart);
    expect(many.split(plotlySource()).length).toBe(2);
    expect(many.match(/<div class="plot"/g)).toHaveLength(2);
    expect(many.includes("<b>fallback</b>")).toBe(false);
    expect(page().length).toBeLessThan(20_000);
  });

  it("draws figures that a reader wrote himself", () => {
    for (const layout of [
      {},
      { title: "Mine" },
      { title: { text: "Mine" }, margin: { l: 3 }, height: 200 },
    ]) {
      const own = { "application/vnd.plotly.v1+json": { data: [{ type: "bar", y: [1] }], layout } };
      const html = page({ output_type: "display_data", data: own, metadata: {} });
      expect(html.includes("<figcaption>Mine</figcaption>")).toBe("title" in layout);
      expect(html.includes('<div class="plot"')).toBe(true);
    }
  });

  it("can't be broken out of by a chart's text", () => {
    const html = page(chart).replace(plotlySource(), "");
    expect(html.match(/<\/script>/g)).toHaveLength(3);
  });

  it("shows errors, both streams, tables and images", () => {
    const html = page(
      { output_type: "stream", name: "stderr", text: "\u001b[31mred\u001b[0m 1 %\r2 %\n<x>" },
      { output_type: "error", ename: "Error", evalue: "x", traceback: ["Error: <broken>"] },
      {
        output_type: "display_data",
        data: { "text/html": ["<table>", "</table>"], "text/plain": "t" },
        metadata: {},
      },
      { output_type: "display_data", data: { "image/png": "iVBO\nRw==" }, metadata: {} },
      { output_type: "execute_result", data: { "text/plain": "{ a: 1 }" }, metadata: {}, execution_count: 1 },
    );
    expect(html).toContain('<pre class="stderr">2 %\n&lt;x&gt;</pre>');
    expect(html).toContain('<pre class="error">Error: &lt;broken&gt;</pre>');
    expect(html).toContain("<table></table>");
    expect(html).toContain('src="data:image/png;base64,iVBORw=="');
    expect(html).toContain("<pre>{ a: 1 }</pre>");
  });
});

describe("markdown", () => {
  it("keeps its forms and shows raw HTML as text", () => {
    const html = markdownHtml("# A\n\n| a |\n|---|\n| *b* |\n\n<script>x</script> and <i>y</i>");
    expect(html).toContain("<td><em>b</em></td>");
    expect(html).not.toMatch(/<(script|i)>/);
  });

  it("lets links lead to the web and into the page only, and images come from inside only", () => {
    const html = markdownHtml(
      "[a](javascript:alert(1)) [b](https://b.org) [c](#c) ![d](https://d.org/x.png)",
    );
    expect(html).not.toContain("javascript:");
    expect(html).toContain('href="https://b.org"');
    expect(html).toContain('href="#c"');
    expect(html).not.toContain("d.org");
  });
});

describe("outside of a notebook", () => {
  it("showing says where it works, and progress is silent", () => {
    expect(() => {
      showChart(figure);
    }).toThrow("showChart works only in a tslab notebook");
    expect(() => {
      showTable([{ a: 1 }]);
    }).toThrow("showTable works only");
    expect(() => {
      loadPlotly();
    }).toThrow("loadPlotly works only");
    expect(() => {
      notebookProgress()("line", true);
    }).not.toThrow();
  });
});
