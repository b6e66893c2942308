// plotly.js for pages: the code itself, read from its package and inlined once; the slot that holds a figure as data;
// and the small script that draws every slot of a page. The page stays one file that asks the network for nothing.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { heightOf, titleOf, type Figure, type JsonObject } from "./figure.js";
import { escapeHtml, scriptJson } from "./markup.js";

/** The minified source of plotly.js (4.8 MB), made safe to stand inside a script element. */
export function plotlySource(): string {
  const file = createRequire(import.meta.url).resolve("plotly.js-dist-min");
  return readFileSync(file, "utf8").replace(/<\/(script)/gi, "<\\/$1");
}

/** Pixels that a title takes at the top of a figure. */
const titleRoom = 28;

/** A place for a figure: its title as a caption that can wrap, then an empty box with the figure as data beside it. */
export function chartSlot(figure: Figure): string {
  const title = titleOf(figure);
  const height = heightOf(figure) - titleRoom;
  const layout = { ...figure.layout, title: { text: "" }, margin: withoutTitle(figure), height };
  const json = scriptJson({ data: figure.data, layout });
  const wide = "xaxis2" in layout ? " wide" : "";
  return `<figure class="chart${wide}">${title === "" ? "" : `<figcaption>${escapeHtml(title)}</figcaption>`}
<div class="plot" role="img" aria-label="${escapeHtml(title)}" style="height:${height}px"></div>
<script type="application/json">${json}</script></figure>`;
}

/** The figure's margin less the room of its title; a figure from elsewhere may name no margin. */
function withoutTitle({ layout }: Figure): JsonObject {
  const margin = layout["margin"];
  const sides: JsonObject =
    typeof margin === "object" && margin !== null && !Array.isArray(margin) ? (margin as JsonObject) : {};
  const top = typeof sides["t"] === "number" ? sides["t"] : 2 * titleRoom;
  return { ...sides, t: Math.max(0, top - titleRoom) };
}

/** Draws all slots; for the printer, opens what is folded and redraws to the width of a sheet. */
export const drawScript = `(() => {
  const plots = [...document.querySelectorAll(".plot")];
  for (const plot of plots) {
    const figure = JSON.parse(plot.nextElementSibling.textContent);
    Plotly.newPlot(plot, figure.data, figure.layout, { responsive: true, displayModeBar: false });
  }
  const resize = () => plots.forEach((plot) => Plotly.Plots.resize(plot));
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((fold) => { fold.open = true; });
    document.body.classList.add("printing");
    resize();
  });
  addEventListener("afterprint", () => { document.body.classList.remove("printing"); resize(); });
})();`;

/** An inline script and the hash that lets a content security policy admit it and no other. */
export function inlineScript(source: string): { readonly html: string; readonly hash: string } {
  const hash = createHash("sha256").update(source, "utf8").digest("base64");
  return { html: `<script>${source}</script>`, hash: `'sha256-${hash}'` };
}
