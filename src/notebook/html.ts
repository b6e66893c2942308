// An executed notebook as one HTML file in the report's manner: text, code, outputs, errors. plotly.js is put in once,
// and only where there is a chart. The page asks the network for nothing.
import { Marked } from "marked";
import type { Figure, Json, JsonObject } from "../report/figure.js";
import { escapeHtml } from "../report/markup.js";
import { chartSlot, drawScript, plotlySource } from "../report/plotly.js";
import { notebookStyle, pageStyle } from "../report/style.js";
import {
  tagsOf,
  textOf,
  type DataOutput,
  type Notebook,
  type NotebookCell,
  type Output,
} from "./nbformat.js";

export interface NotebookHtmlOptions {
  /** Title of the page. Default: the notebook's first heading, or `Notebook`. */
  readonly title?: string;
}

/** The whole page. */
export function notebookHtml(
  notebook: Notebook,
  { title = headingOf(notebook) }: NotebookHtmlOptions = {},
): string {
  const body = notebook.cells.map(cellHtml).join("\n");
  const scripts = body.includes('<div class="plot"')
    ? `<script>${plotlySource()}</script>\n<script>${drawScript}</script>`
    : "";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}${notebookStyle}</style></head>
<body><main>
${body}
${statusLine(notebook)}
</main>
${scripts}
</body></html>
`;
}

/** Markdown to HTML: raw HTML is shown as text, links lead to the web, to mail or into the page, images are inside. */
export function markdownHtml(markdown: string): string {
  return marked.parse(markdown, { async: false });
}

const marked = new Marked({
  walkTokens: (token) => {
    if (token.type === "link" && !/^(https?:|mailto:|#|[\w./-]+$)/i.test(String(token["href"])))
      token["href"] = "#";
    if (token.type === "image" && !/^data:image\//i.test(String(token["href"]))) token["href"] = "data:,";
  },
  renderer: { html: ({ text }) => escapeHtml(text) },
});

function headingOf({ cells }: Notebook): string {
  const heading = cells.flatMap((cell) =>
    cell.cell_type === "markdown" ? (/^#\s+(.+)$/m.exec(textOf(cell.source))?.slice(1) ?? []) : [],
  );
  return heading[0]?.trim() ?? "Notebook";
}

function cellHtml(cell: NotebookCell): string {
  const source = textOf(cell.source);
  if (cell.cell_type !== "code") {
    return cell.cell_type === "markdown" ? markdownHtml(source) : `<pre>${escapeHtml(source)}</pre>`;
  }
  const injected = tagsOf(cell).includes("injected-parameters") ? " injected" : "";
  const code =
    source.trim() === "" ? "" : `<pre class="cell${injected}"><code>${escapeHtml(source)}</code></pre>`;
  const outputs = cell.outputs.map((output) => `<div class="output">${outputHtml(output)}</div>`);
  return [code, ...outputs].join("\n");
}

function outputHtml(output: Output): string {
  if (output.output_type === "stream")
    return `<pre class="${output.name}">${terminalText(textOf(output.text))}</pre>`;
  if (output.output_type === "error") {
    return `<pre class="error">${terminalText(output.traceback.join("\n") || `${output.ename}: ${output.evalue}`)}</pre>`;
  }
  return dataHtml(output.data);
}

/** The richest form that a page can show. */
function dataHtml(data: DataOutput["data"]): string {
  const figure = data["application/vnd.plotly.v1+json"];
  if (isFigure(figure)) return chartSlot(figure);
  const rich = text(data["text/html"]) ?? text(data["image/svg+xml"]);
  if (rich !== null) return rich;
  for (const type of ["image/png", "image/jpeg", "image/gif"]) {
    const image = text(data[type]);
    if (image !== null)
      return `<img alt="" src="data:${type};base64,${escapeHtml(image.replace(/\s/g, ""))}">`;
  }
  const markdown = text(data["text/markdown"]);
  return markdown === null
    ? `<pre>${terminalText(text(data["text/plain"]) ?? "")}</pre>`
    : markdownHtml(markdown);
}

function isFigure(value: Json | undefined): value is JsonObject & Figure {
  return typeof value === "object" && value !== null && "data" in value && "layout" in value;
}

function text(value: Json | undefined): string | null {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.join("") : null;
}

/** Text of a terminal: colours off, and of a line that was rewritten with \r the last state. */
function terminalText(raw: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  const plain = raw.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(/\r\n/g, "\n");
  return escapeHtml(plain.replace(/^.*\r(?=[^\n])/gm, ""));
}

/** When and with what the notebook was run; nothing for one that was not run here. */
function statusLine({ metadata }: Notebook): string {
  const run = metadata["selfalign"];
  if (typeof run !== "object" || run === null || Array.isArray(run)) return "";
  // A JSON value that is no array is an object here.
  const { started, seconds, status } = run as JsonObject;
  if (typeof started !== "string") return "";
  const words = status === "ok" ? "Executed" : "Failed";
  const when = `${started.slice(0, 16).replace("T", " ")} UTC`;
  return `<p class="status">${words} on ${escapeHtml(when)} in ${Math.round(Number(seconds))} s.</p>`;
}
