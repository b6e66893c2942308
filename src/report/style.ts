// The one style sheet of the report and of exported notebooks: a quiet page, text first, numbers large, hair lines
// instead of boxes. Fonts are the reader's own, since the page asks the network for nothing.
import { colours } from "./figure.js";
import { tokenColours } from "./markup.js";

const tokens = Object.entries(tokenColours)
  .map(([kind, colour]) => `.t-${kind}{color:${colour}}`)
  .join("\n");

/** CSS for every page. */
export const pageStyle = `
:root{color-scheme:light;--ink:${colours.ink};--muted:${colours.muted};--line:${colours.hairline};--wash:${colours.wash};
--main:${colours.main};--strong:${colours.strong};--soft:${colours.soft};--pale:${colours.pale};--bad:${colours.bad};
--serif:Charter,"Bitstream Charter","Iowan Old Style","Palatino Linotype",Palatino,Georgia,serif;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
--mono:ui-monospace,"SF Mono",SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;background:#fff;color:var(--ink);font:16px/1.6 var(--sans);overflow-wrap:break-word}
main,.inner{max-width:1080px;margin:0 auto;padding:0 24px}
h1,h2,h3{font-family:var(--serif);font-weight:600;line-height:1.2;letter-spacing:-.01em;margin:0}
h1{font-size:clamp(1.9rem,4.6vw,2.9rem);text-wrap:balance}
h1::first-letter{text-transform:uppercase}
h2{font-size:clamp(1.4rem,2.6vw,1.75rem);margin:0 0 .5rem}
h3{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:0 0 1rem;max-width:68ch}
a{color:var(--main);text-underline-offset:.18em}
a:focus-visible,summary:focus-visible{outline:2px solid var(--main);outline-offset:3px}
ul,ol{max-width:68ch}
code,pre,kbd{font-family:var(--mono);font-size:.86em}
p code,li code,td code{background:var(--wash);padding:.1em .35em;border-radius:3px}
pre{margin:0 0 1rem;overflow-x:auto;line-height:1.55;tab-size:4}
pre code{font-size:inherit;background:none;padding:0}
pre.code{background:var(--wash);border-radius:6px;padding:1rem 1.15rem;font-size:.82rem}
img,svg{max-width:100%}
blockquote{margin:0 0 1rem;padding-left:1rem;border-left:3px solid var(--soft);color:var(--muted)}
hr{border:0;border-top:1px solid var(--line);margin:2.5rem 0}
.table{overflow-x:auto;margin:0 0 1rem}
table{border-collapse:collapse;margin:0 0 1rem;font-size:.88rem;line-height:1.45;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.42rem 1.2rem .42rem 0;border-bottom:1px solid var(--line);max-width:34rem}
th{font-weight:600;color:var(--muted);border-bottom-color:var(--pale);white-space:nowrap}
.more{color:var(--muted);font-size:.85rem}
.chart{margin:0 0 2rem;min-width:0}
.chart figcaption{font-weight:600;font-size:.98rem;line-height:1.35;margin-bottom:.1rem}
.plot{width:100%}
.wide{overflow-x:auto}
.wide .plot{min-width:760px}
${tokens}
@media (max-width:600px){main,.inner{padding:0 16px}body{font-size:15px}pre.code{padding:.8rem .9rem}th{white-space:normal}th,td{padding-right:.8rem}}
@media print{body{font-size:11pt}nav{display:none}.chart,.sample,tr{break-inside:avoid}a{color:inherit;text-decoration:none}
pre{white-space:pre-wrap}}
body.printing main,body.printing .inner{width:680px;padding:0}
`;

/** CSS of the report's own parts: the opening, the headline numbers, the samples. */
export const reportStyle = `
header.top{padding:clamp(2.5rem,7vw,5rem) 0 1.5rem}
.kicker{font-size:.78rem;font-weight:600;letter-spacing:.09em;text-transform:uppercase;color:var(--main);margin:0 0 .8rem}
.lede{font-family:var(--serif);font-size:clamp(1.08rem,1.9vw,1.28rem);line-height:1.5;color:var(--muted);margin:1rem 0 0;max-width:60ch}
.warning{background:#fdeee8;border-left:4px solid var(--bad);color:#7d2c12;padding:.9rem 1.2rem;margin:1.5rem 0 0;border-radius:0 6px 6px 0;max-width:none;font-weight:600}
.numbers{display:grid;grid-template-columns:repeat(4,1fr);gap:0 2rem;margin:2.2rem 0 0;border-top:1px solid var(--pale)}
.number{padding:1.1rem 0 1.3rem;min-width:0}
.number b{display:block;font:600 clamp(2.1rem,5vw,3.3rem)/1.05 var(--serif);letter-spacing:-.02em;font-variant-numeric:lining-nums tabular-nums}
.number .name{display:block;font-weight:600;margin:.35rem 0 .15rem}
.number .name::before{content:"";display:inline-block;width:.62em;height:.62em;border-radius:2px;margin-right:.5em;background:var(--dot)}
.number .what{display:block;font-size:.85rem;line-height:1.45;color:var(--muted)}
.zero b{color:var(--pale)}
.totals{display:flex;flex-wrap:wrap;gap:.3rem 2.2rem;border-top:1px solid var(--line);border-bottom:1px solid var(--line);padding:.8rem 0;margin:0;color:var(--muted);font-size:.92rem}
.totals b{color:var(--ink);font-variant-numeric:tabular-nums}
nav{position:sticky;top:0;z-index:5;background:rgba(255,255,255,.96);border-bottom:1px solid var(--line)}
nav .inner{display:flex;gap:1.5rem;overflow-x:auto;scrollbar-width:none}
nav .inner::-webkit-scrollbar{display:none}
nav a{color:var(--muted);text-decoration:none;font-size:.88rem;padding:.75rem 0;white-space:nowrap}
nav a:hover{color:var(--ink)}
section{padding:3rem 0 1rem;scroll-margin-top:2.2rem}
section+section{border-top:1px solid var(--line)}
.intro{color:var(--muted)}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,310px),1fr));gap:.5rem 2.5rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:.5rem 3rem}
.sample{border-top:1px solid var(--line)}
.sample>summary{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem .9rem;padding:.9rem 0;cursor:pointer;list-style:none}
.sample>summary::-webkit-details-marker{display:none}
.sample>summary::before{content:"+";color:var(--muted);font-family:var(--mono);width:1ch}
.sample[open]>summary::before{content:"\\2212"}
.sample>summary:hover .entry{text-decoration:underline;text-underline-offset:.2em}
.entry{font-family:var(--mono);font-weight:600;font-size:.92rem;min-width:0;overflow-wrap:anywhere}
.chip{font-size:.76rem;font-weight:600;border-radius:99px;padding:.08rem .6rem;background:var(--dot);color:#fff}
.chip.light{color:var(--ink)}
.from{color:var(--muted);font-size:.82rem;margin-left:auto;overflow-wrap:anywhere}
.parts{display:grid;grid-template-columns:minmax(0,5fr) minmax(0,8fr);gap:0 2.5rem;padding:.3rem 0 1.6rem}
.label{font-size:.74rem;font-weight:600;letter-spacing:.07em;text-transform:uppercase;color:var(--muted);margin:0 0 .45rem}
.instruction{white-space:pre-wrap;margin:0 0 1.4rem;overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:1fr auto;gap:.22rem 1rem;margin:0 0 1.4rem;font-size:.86rem}
.figures dt{color:var(--muted)}
.figures dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
.facts td:last-child{overflow-wrap:anywhere}
.notice{font-size:.86rem;color:var(--muted);white-space:pre-wrap;max-width:none}
footer{color:var(--muted);font-size:.85rem;padding:2rem 0 4rem}
@media (max-width:600px){#model td,#model th{padding-right:.5rem;font-size:.8rem}}
@media (max-width:860px){.numbers{grid-template-columns:1fr 1fr}.parts{grid-template-columns:minmax(0,1fr)}.from{margin-left:0;flex-basis:100%}}
@media print{.numbers{grid-template-columns:repeat(4,1fr)}.parts{display:block}section{padding:1.5rem 0 .5rem}}
`;

/** CSS of an exported notebook: prompts in the margin's stead, outputs set off by space alone. */
export const notebookStyle = `
main{max-width:880px;padding-top:3rem;padding-bottom:5rem}
main h1{margin-bottom:1rem}
main h2{margin-top:2.8rem}
pre.cell{background:var(--wash);border-left:3px solid var(--soft);border-radius:0 6px 6px 0;padding:.8rem 1.1rem;font-size:.82rem}
pre.cell.injected{border-left-color:var(--strong)}
.output{margin:0 0 1.4rem}
.output pre{font-size:.8rem;margin:0;padding:0 1.1rem;max-height:32rem;overflow:auto}
pre.stderr{color:#7d2c12}
pre.error{background:#fdeee8;border-left:3px solid var(--bad);color:#7d2c12;padding:.8rem 1.1rem}
.status{color:var(--muted);font-size:.85rem;border-top:1px solid var(--line);padding-top:.8rem;margin-top:3rem}
@media print{.output pre{max-height:none;white-space:pre-wrap}}
`;
