// The pages as a reader sees them, in headless Chromium: everything drawn, nothing overflowing, no word to the network.
// Skips where there is no Chromium (looked for: CHROME_PATH and the usual names).
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { notebookHtml } from "../../src/notebook/html.js";
import { distributionGrid } from "../../src/report/distributions.js";
import { reportHtml } from "../../src/report/page.js";
import { funnelChart } from "../../src/report/charts.js";
import { code, markdown, notebookOf } from "../notebook/build.js";
import { exampleHighlight, exampleModelReport, exampleReport } from "../report/example.js";

const places = ["chromium", "chromium-browser", "google-chrome"].map((name) => `/usr/bin/${name}`);
const executablePath = [process.env["CHROME_PATH"] ?? "", ...places].find((file) => existsSync(file));
if (executablePath === undefined)
  console.warn("browser tests skipped: no Chromium found; install it or set CHROME_PATH");

/** What a page did that it should not have done. */
interface Visit {
  readonly page: Page;
  readonly complaints: readonly string[];
}

// What runs inside a page is text: the tests' compiler knows Node and no browser.
const allDrawn = `[...document.querySelectorAll(".plot")].every((plot) => plot.querySelector("svg.main-svg"))`;
const fitsSheet = `[...document.querySelectorAll("svg.main-svg")].every((svg) => svg.getBoundingClientRect().width <= 680)`;
/** Elements that stick out at the right, but for those in boxes that scroll. */
const overflowing = `[...document.querySelectorAll("html, body *")]
  .filter((element) => !element.closest("pre, nav, .table, .wide"))
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 || (element === document.documentElement && element.scrollWidth > innerWidth))
  .map((element) => element.outerHTML.slice(0, 120))`;
/** Tables that would have to be scrolled. */
const scrolling = `[...document.querySelectorAll("#model .table, #run .table")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => box.textContent.slice(0, 80))`;
/** Texts of charts that reach beyond their chart. */
const clipped = `[...document.querySelectorAll(".plot")].flatMap((plot) => {
  const box = plot.getBoundingClientRect();
  return [...plot.querySelectorAll("text")].filter((text) => {
    const { left, right, width } = text.getBoundingClientRect();
    return width > 0 && (left < box.left - 1 || right > box.right + 1);
  }).map((text) => text.textContent);
})`;
/** What plotly says about attributes that it does not know. */
const invalid = `[...document.querySelectorAll(".plot")].flatMap((plot) => {
  const { data, layout } = JSON.parse(plot.nextElementSibling.textContent);
  return (Plotly.validate(data, layout) ?? []).map(({ msg }) => msg);
})`;

describe.skipIf(executablePath === undefined)("in a browser", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "browser-test-"));
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: ["--no-sandbox", "--disable-gpu"],
    });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens HTML and waits until every chart is there. */
  async function visit(name: string, html: string, width: number): Promise<Visit> {
    const file = path.join(folder, name);
    writeFileSync(file, html);
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!/^(file|data|blob):/.test(request.url())) complaints.push(`request: ${request.url()}`);
    });
    await page.goto(pathToFileURL(file).href);
    await page.waitForFunction(allDrawn);
    return { page, complaints };
  }

  it("a model's part and long options fit a phone", async () => {
    const { page, complaints } = await visit("model.html", reportHtml(exampleModelReport), 400);
    expect(await page.evaluate<readonly string[]>(overflowing)).toEqual([]);
    expect(await page.evaluate<readonly string[]>(scrolling)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  const report = reportHtml(exampleReport, { highlight: exampleHighlight });

  it.each([1280, 400])("the report is drawn whole at a width of %i", async (width) => {
    const { page, complaints } = await visit("report.html", report, width);
    const charts = 1 + exampleReport.rejects.length + 1 + exampleReport.metrics.length + 3 + 1;
    expect(await page.locator(".js-plotly-plot").count()).toBe(charts);
    expect(
      await page.locator(".js-plotly-plot .bars path, .js-plotly-plot .points path").count(),
    ).toBeGreaterThan(charts);
    expect(await page.evaluate<readonly string[]>(overflowing)).toEqual([]);
    expect(await page.evaluate<readonly string[]>(clipped)).toEqual([]);
    expect(await page.evaluate<readonly string[]>(invalid)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("hostile text does not run, and a script that got in would be refused", async () => {
    const attack = "<img src=x onerror=document.title='broken'><script>document.title='broken'</script>";
    const hostile = { ...exampleReport, title: attack, subtitle: attack, warnings: [attack] };
    const { page, complaints } = await visit("hostile.html", reportHtml(hostile), 1280);
    expect(await page.title()).toContain(attack);
    expect(complaints).toEqual([]);
    const injected = report.replace("</main>", "<script>document.title='broken'</script></main>");
    const second = await visit("injected.html", injected, 1280);
    expect(await second.page.title()).not.toBe("broken");
    expect(second.complaints.join()).toContain("Content Security Policy");
    await page.close();
    await second.page.close();
  });

  it("prints to the width of a sheet with every sample unfolded", async () => {
    const { page } = await visit("report.html", report, 1280);
    await page.evaluate(`dispatchEvent(new Event("beforeprint")); undefined`);
    await page.waitForFunction(fitsSheet);
    expect(await page.locator("details:not([open])").count()).toBe(0);
    await page.close();
  });

  it("an exported notebook is drawn whole in a narrow window", async () => {
    const figures = [
      funnelChart(exampleReport.funnel),
      distributionGrid(exampleReport.metrics, { title: "Quality of the rows", columns: 3 }),
    ];
    const outputs = figures.map(({ data, layout }) => ({
      output_type: "display_data" as const,
      data: { "application/vnd.plotly.v1+json": { data, layout } },
      metadata: {},
    }));
    const notebook = notebookOf(
      markdown("# A notebook\n\n> with charts\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
      { ...code(`const long = "${"x".repeat(300)}";`), outputs },
    );
    const { page, complaints } = await visit("notebook.html", notebookHtml(notebook), 400);
    expect(await page.locator(".js-plotly-plot").count()).toBe(2);
    expect(await page.evaluate<readonly string[]>(invalid)).toEqual([]);
    expect(await page.evaluate<readonly string[]>(overflowing)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
