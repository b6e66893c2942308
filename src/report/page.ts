// The report as one HTML file that needs nothing else: style, charts and plotly.js are inside, and a content security
// policy admits exactly the two scripts put here, so that neither a corpus nor a model can run or fetch anything.
import type { Verdict } from "../core/record.js";
import { funnelChart, reasonsChart, timeChart, verdictChart, verdictColours } from "./charts.js";
import { histogram } from "./distributions.js";
import { colours, readable } from "./figure.js";
import { cellText, codeBlock, escapeHtml, plain, tableHtml, type Highlight } from "./markup.js";
import { chartSlot, drawScript, inlineScript, plotlySource } from "./plotly.js";
import {
  secondsText,
  headlineVerdicts,
  modelRows,
  originOf,
  otherVerdicts,
  savedText,
  verdictMeaning,
  type Report,
  type ReportSample,
} from "./report.js";
import { scatter } from "./scatter.js";
import { pageStyle, reportStyle } from "./style.js";

export interface ReportHtmlOptions {
  /** Cuts Python into coloured pieces. Default: one plain piece. */
  readonly highlight?: Highlight;
  /** Samples that are unfolded from the start. Default 2. */
  readonly open?: number;
}

interface Section {
  readonly id: string;
  /** Word in the navigation. */
  readonly short: string;
  readonly title: string;
  readonly html: string;
}

/** The whole page; about 5 MB, of which plotly.js is 4.8. */
export function reportHtml(report: Report, { highlight = plain, open = 2 }: ReportHtmlOptions = {}): string {
  const sections = [
    funnelSection(report),
    verdictSection(report),
    ...modelSection(report),
    qualitySection(report),
    seedSection(report),
    sampleSection(report, highlight, open),
    useSection(report, highlight),
    runSection(report),
  ];
  const scripts = [inlineScript(plotlySource()), inlineScript(drawScript)];
  const links = sections.map(({ id, short }) => `<a href="#${id}">${short}</a>`);
  const body = sections.map(
    ({ id, title, html }) => `<section id="${id}"><h2>${title}</h2>\n${html}</section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src ${scripts.map(({ hash }) => hash).join(" ")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(report.title)} · Selfalign</title>
<style>${pageStyle}${reportStyle}</style></head>
<body>
${opening(report)}
<nav aria-label="Sections"><div class="inner">${links.join("")}</div></nav>
<main>
${body.join("\n")}
<footer>Made by Selfalign. This page is complete in itself: it asks the network for nothing.</footer>
</main>
${scripts.map(({ html }) => html).join("\n")}
</body></html>
`;
}

function opening(report: Report): string {
  const warnings = report.warnings.map((text) => `<p class="warning" role="alert">${escapeHtml(text)}</p>`);
  const numbers = headlineVerdicts.map((verdict) => {
    const count = report.verdicts[verdict] ?? 0;
    return `<div class="number${count === 0 ? " zero" : ""}" style="--dot:${verdictColours[verdict]}"><b>${readable(count)}</b>
<span class="name">${verdict}</span><span class="what">${verdictMeaning[verdict]}</span></div>`;
  });
  return `<header class="top"><div class="inner">
<p class="kicker">Selfalign run report</p>
<h1>${escapeHtml(report.title)}</h1>
<p class="lede">${escapeHtml(report.subtitle)}</p>
${warnings.join("\n")}
<div class="numbers">${numbers.join("\n")}</div>
<p class="totals" style="max-width:none">${totals(report)}</p>
</div></header>`;
}

function totals(report: Report): string {
  const wall = report.times.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0);
  const items = [
    `<b>${readable(report.seedsRead)}</b> functions read`,
    `<b>${readable(report.rowsPublished)}</b> rows published`,
    `<b>${readable(otherVerdicts(report))}</b> with any other verdict`,
    `<b>${secondsText(wall)}</b> of work`,
  ];
  return items.map((item) => `<span>${item}</span>`).join("\n");
}

function funnelSection({ funnel, rejects }: Report): Section {
  const reasons = rejects.map(({ stage, counts, unit = "functions" }) =>
    chartSlot(reasonsChart(counts, `Left out in ${stage}`, { unit })),
  );
  return {
    id: "funnel",
    short: "Funnel",
    title: "From source to dataset",
    html: `<p class="intro">Every function that was read is counted until it is published or left out, and nothing is left out without a reason.</p>
${chartSlot(funnelChart(funnel))}
<div class="pair">${reasons.join("\n")}</div>`,
  };
}

function verdictSection({ verdicts }: Report): Section {
  return {
    id: "verdicts",
    short: "Verdicts",
    title: "What holds when it is run",
    html: `<p class="intro">Each response was run in a sandbox. The words are kept apart on purpose: an assert that an author wrote says more than one recorded from the code itself, and one pass rate would hide the difference.</p>
${chartSlot(verdictChart(verdicts))}`,
  };
}

function modelSection({ model }: Report): readonly Section[] {
  if (model === null) return [];
  const saved = savedText(model);
  const html = `<p class="intro">${escapeHtml(model.told)}</p>
${tableHtml(modelRows(model))}${saved === "" ? "" : `<p>${escapeHtml(saved)}</p>`}`;
  return [{ id: "model", short: "Model", title: "What the model did", html }];
}

function qualitySection({ metrics }: Report): Section {
  const charts = metrics.map(({ label, unit, values }) =>
    chartSlot(histogram(values, { title: label, unit, height: 250 })),
  );
  return {
    id: "quality",
    short: "Quality",
    title: "How the code is written",
    html: `<p class="intro">One figure per published row; the dotted line is the median.</p>
<div class="grid">${charts.join("\n")}</div>`,
  };
}

function seedSection({ seeds }: Report): Section {
  const lines = histogram(
    seeds.map((seed) => seed.lines),
    { title: "Length of the seeds", unit: "lines", of: "seeds" },
  );
  const complexity = histogram(
    seeds.map((seed) => seed.complexity),
    {
      title: "Cyclomatic complexity of the seeds",
      unit: "independent paths",
      of: "seeds",
    },
  );
  const points = seeds.map((seed) => ({ x: seed.lines, y: seed.complexity, label: seed.name }));
  const both = scatter(points, {
    title: "Length against complexity, one dot per seed",
    x: "lines",
    y: "complexity",
  });
  return {
    id: "seeds",
    short: "Seeds",
    title: "What it was made from",
    html: `<p class="intro">A seed is a function that can be imported and called on its own, with the imports, constants and helpers of its module that it needs.</p>
<div class="pair">${chartSlot(lines)}${chartSlot(complexity)}</div>
${chartSlot(both)}`,
  };
}

function sampleSection({ samples }: Report, highlight: Highlight, open: number): Section {
  const cards = samples.map((sample, index) => sampleCard(sample, highlight, index < open));
  return {
    id: "samples",
    short: "Samples",
    title: "Rows to look at",
    html: cards.length > 0 ? cards.join("\n") : `<p class="intro">No row was published.</p>`,
  };
}

function sampleCard(sample: ReportSample, highlight: Highlight, open: boolean): string {
  const figures = Object.entries(sample.metrics).map(
    ([name, value]) =>
      `<dt>${escapeHtml(name)}</dt><dd>${value === null ? "–" : escapeHtml(cellText(value))}</dd>`,
  );
  const tests = sample.tests === "" ? "" : `<p class="label">Tests</p>${codeBlock(sample.tests, highlight)}`;
  return `<details class="sample"${open ? " open" : ""}><summary><span class="entry">${escapeHtml(sample.entryPoint)}</span>
${chip(sample.verdict)}<span class="from">${escapeHtml(originOf(sample.provenance))}</span></summary>
<div class="parts"><div><p class="label">Instruction</p>${prose(sample.instruction, highlight)}
<dl class="figures">${figures.join("")}</dl></div>
<div><p class="label">Code</p>${codeBlock(sample.code, highlight)}${tests}</div></div></details>`;
}

/** Literal text, but for `code` between backticks. */
/** Text with `code` marked and fenced blocks set as code; anything else of Markdown stays as written. */
function prose(text: string, highlight: Highlight): string {
  const parts = text.split(/^```\w*\n([\s\S]*?)\n```$/m);
  return parts
    .map((part, at) => {
      if (at % 2 === 1) return codeBlock(part, highlight);
      const marked = escapeHtml(part.trim()).replace(/`([^`\n]+)`/g, "<code>$1</code>");
      return marked === "" ? "" : `<p class="instruction">${marked}</p>`;
    })
    .join("");
}

function chip(verdict: Verdict): string {
  const colour = verdictColours[verdict];
  const light = colour === colours.soft || colour === colours.pale ? " light" : "";
  return `<span class="chip${light}" style="--dot:${colour}">${escapeHtml(verdict)}</span>`;
}

function useSection({ loading, licences, notices }: Report, highlight: Highlight): Section {
  const ways = loading.map(
    ({ label, language, code }) =>
      `<h3>${escapeHtml(label)}</h3>${codeBlock(code, language === "python" ? highlight : plain)}`,
  );
  const rows = licences.map(({ name, count }) => ({ licence: name, rows: count }));
  const texts = notices.map((text) => `<p class="notice">${escapeHtml(text)}</p>`);
  return {
    id: "use",
    short: "Use it",
    title: "Loading it, and what it may be used for",
    html: `${ways.join("\n")}
<h3>Licences of the rows</h3>${tableHtml(rows, { limit: 50 })}${texts.join("\n")}`,
  };
}

function runSection({ times, options, versions }: Report): Section {
  const facts = (title: string, list: Report["options"]): string =>
    `<div class="facts"><h3>${title}</h3>${tableHtml(
      list.map(({ name, value }) => ({ name, value })),
      { limit: list.length },
    )}</div>`;
  return {
    id: "run",
    short: "The run",
    title: "How it was made",
    html: `${chartSlot(timeChart(times))}
<div class="pair">${facts("Options", options)}${facts("Versions", versions)}</div>`,
  };
}
