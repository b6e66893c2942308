// Things to see in a running notebook: charts, tables, code, text and a line of progress. Each call writes one output
// with every form a reader may want (plotly's MIME type and HTML in one), through the kernel's own display sink, which
// is found among the modules that the process has loaded. Outside of a notebook these are errors, progress is silent.
import { createHash, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import type { Draw } from "../core/progress.js";
import { heightOf, type Figure, type JsonObject } from "../report/figure.js";
import type { Frame } from "../report/frame.js";
import {
  escapeHtml,
  inlineCodeBlock,
  plain,
  scriptJson,
  tableHtml,
  type Highlight,
  type Row,
} from "../report/markup.js";
import { plotlySource } from "../report/plotly.js";
import { headlessVariable } from "./messages.js";

interface Bundle {
  readonly data: JsonObject;
  readonly metadata: JsonObject;
  readonly transient: { readonly display_id?: string };
}

type Sink = (bundle: Bundle, update: boolean) => void;

/** A chart, for editors that draw plotly's MIME type and for pages that have plotly.js (see `loadPlotly`). */
export function showChart(figure: Figure): void {
  const { data, layout } = figure;
  const title = `a chart of ${data.length} trace${data.length === 1 ? "" : "s"}`;
  write("showChart", {
    "application/vnd.plotly.v1+json": { data, layout },
    "text/html": chartHtml(figure),
    "text/plain": title,
  });
}

/** Rows as a table of at most `limit` lines (20), or a frame. */
export function showTable(rows: readonly Row[] | Frame, limit = 20): void {
  const html = "html" in rows ? rows.html(limit) : tableHtml(rows, { limit });
  const count = "html" in rows ? rows.rows.length : rows.length;
  write("showTable", { "text/html": html, "text/plain": `a table of ${count} rows` });
}

/** HTML as it is; the caller has escaped what is not his own. */
export function showHtml(html: string): void {
  write("showHtml", { "text/html": html, "text/plain": html.replace(/<[^>]*>/g, "") });
}

/** Markdown, drawn by the notebook's reader. */
export function showMarkdown(markdown: string): void {
  write("showMarkdown", { "text/markdown": markdown, "text/plain": markdown });
}

/** Python with colours, given a highlighter. */
export function showCode(python: string, highlight: Highlight = plain): void {
  write("showCode", { "text/html": inlineCodeBlock(python, highlight), "text/plain": python });
}

/**
 * Puts plotly.js (4.8 MB) into the notebook's page, once, for JupyterLab and nbconvert. Does nothing where the notebook
 * runs headless: the page exported there brings its own.
 */
export function loadPlotly(): void {
  if (process.env[headlessVariable] !== undefined) return;
  write("loadPlotly", {
    "text/html": `<script>${plotlySource()}</script>`,
    "text/plain": "plotly.js is loaded",
  });
}

/**
 * Lines in the running cell, for `startProgress({ draw })`: a transient line is overwritten by the next, others stay.
 * A function that does nothing outside of a notebook.
 */
export function notebookProgress(): Draw {
  const display_id = randomUUID();
  const said: string[] = [];
  let shown = false;
  return (line, transient) => {
    const sink = currentSink();
    if (!sink) return;
    const text = [...said, line].join("\n");
    if (!transient) said.push(line);
    const html = `<pre style="margin:0">${escapeHtml(text)}</pre>`;
    const data = { "text/html": html, "text/plain": text };
    sink({ data, metadata: {}, transient: { display_id } }, shown);
    shown = true;
  };
}

function write(subject: string, data: JsonObject): void {
  const sink = currentSink();
  if (!sink) throw new Error(`${subject} works only in a tslab notebook; use reportHtml for a page.`);
  sink({ data, metadata: {}, transient: {} }, false);
}

/** The sink of the tslab that this process runs, wherever it is installed; null where there is none. */
function currentSink(): Sink | null {
  const { cache } = createRequire(import.meta.url);
  const file = Object.keys(cache).find((name) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(name));
  // The module's one member that is read here; it is set anew for each cell.
  const module =
    file === undefined ? undefined : (cache[file]?.exports as { lastWriteDisplayData?: Sink | null });
  return module?.lastWriteDisplayData ?? null;
}

let charts = 0;

/** A box and a script that draws into it as soon as plotly.js is there; waits ten seconds for it, then says so. */
function chartHtml(figure: Figure): string {
  const json = scriptJson({ data: figure.data, layout: figure.layout });
  const id = `chart-${createHash("sha1").update(json).digest("hex").slice(0, 8)}-${++charts}`;
  return `<div id="${id}" style="height:${heightOf(figure)}px"></div><script>(function draw(tries) {
  var box = document.getElementById("${id}"), figure = ${json};
  if (window.Plotly) { box.textContent = ""; window.Plotly.newPlot(box, figure.data, figure.layout, { responsive: true, displayModeBar: false }); }
  else if (tries < 100) setTimeout(draw, 100, tries + 1);
  else box.textContent = "plotly.js is not loaded: run loadPlotly() in a cell above.";
})(0);</script>`;
}
