// Our style findings and complexities against the tools that they stand for (pycodestyle, pydocstyle, mccabe, radon), on
// 300 files of the embedded standard library. Findings are matched by file, code and line (docstring codes by file and
// code: the tools point at different lines of one docstring). Needs a Python with the four packages.
import { openCorpus, loadGrammar } from "selfalign";
import { functionsOf } from "../../dist/python/functions.js";
import { lint, withoutPragmas } from "../../dist/python/ruff.js";
import { parsePython } from "../../dist/python/syntax.js";
import { askPython, need } from "./rig/python.mjs";

const FILES = 300;
/** More than are wanted: a Python older than the library cannot read all of it. */
const CANDIDATES = 360;
const SEED = 3407;
/** Checks of pycodestyle that ruff lacks; the share of lines that the formatter would change stands in for them. */
const LACKING = /^(?:E12|E13|E70[34]|W50|W60[^5])/u;
/** Not counted by us: a response is an excerpt, neither a module nor a package. */
const LEFT_OFF = /^D10[04]$/u;
/** Where the tools judge by design something else; why is told in the table. */
const OTHERWISE = /^D(?:207|208|400|402)$/u;
/** What the larger differences come from. */
const NOTES = {
  E203: "ruff allows the blanks of a slice as Black writes it",
  E301: "ruff takes the blank line before a comment for that of the method below",
  E501: "ruff allows a line of one word, or that ends in an address",
  E722: "ruff allows a bare except that raises again",
  D207: "ruff counts lines, pydocstyle docstrings",
  D208: "ruff counts lines, pydocstyle docstrings",
  D400: "ruff reads the first paragraph, pydocstyle the first line",
  D402: "pydocstyle takes `D.get(` for the signature of `get` too",
};
const kinds = [
  ["lacking", LACKING],
  ["left off", LEFT_OFF],
  ["otherwise", OTHERWISE],
  ["shared", /./u],
];

export async function bench({ python }) {
  need(python, ["pycodestyle", "pydocstyle", "mccabe", "radon"]);
  const texts = await textsOf();
  const theirs = await askPython(python, "style.py", texts);
  const pairs = texts.flatMap((text, at) => (theirs[at] === null ? [] : [{ text, theirs: theirs[at] }]));
  const read = pairs.slice(0, FILES);
  await loadGrammar();
  const compared = read.map(({ text, theirs }) => compare(text, theirs));
  const styleRows = ["pycodestyle", "pydocstyle"].flatMap((tool) => rowsOf(tool, compared));
  const complexityRows = ["mccabe", "radon"].map((tool) => complexityRow(tool, compared));
  const shared = (tool) => styleRows.filter((row) => row.tool === tool && row.kind === "shared");
  const total = (tool) => totalOf(shared(tool));
  // Tables of characters repeat one finding per line: the figure without it says more of the rest.
  const [often, ...rest] = shared("pycodestyle").sort((a, b) => b.theirs - a.theirs);
  const figures = {
    files: read.length,
    "files that this Python cannot parse": theirs.filter((facts) => facts === null).length,
    "agreement with pycodestyle, shared checks": total("pycodestyle"),
    [`the same without ${often.code}, the most frequent`]: totalOf(rest),
    "agreement with pydocstyle, shared checks": total("pydocstyle"),
    "functions as complex as mccabe says": complexityRows[0].agreement,
    "functions as complex as radon says": complexityRows[1].agreement,
  };
  return { rows: [...styleRows, ...complexityRows], figures };
}

/** Deterministic: the corpus's own order by hash. Python's tools obey pragma comments, ours do not: none has any. */
async function textsOf() {
  const corpus = await openCorpus("stdlib");
  const texts = [];
  for await (const item of corpus.files({ seed: SEED })) {
    if ("file" in item) texts.push(withoutPragmas(item.file.text));
    if (texts.length === CANDIDATES) break;
  }
  return texts;
}

function compare(text, theirs) {
  const { pep8, docstring } = lint(text);
  const tree = parsePython(text);
  const functions = functionsOf(tree, text);
  tree.delete();
  const equal = (figures, key) => {
    const known = functions.filter(({ line }) => figures[line] !== undefined);
    return [known.filter((facts) => facts[key] === figures[facts.line]).length, known.length];
  };
  return {
    pycodestyle: [pep8.map(({ code, line }) => `${code}:${line}`), theirs.pep8],
    pydocstyle: [docstring.map(({ code }) => code), theirs.docstrings],
    mccabe: equal(theirs.mccabe, "complexity"),
    radon: equal(theirs.radon, "complexityRadon"),
  };
}

/** A row per code: how often we and the tool found it, and how often at the same place. */
function rowsOf(tool, compared) {
  const counts = new Map();
  const count = (finding, key) => {
    const code = finding.split(":")[0];
    const row = counts.get(code) ?? { ours: 0, theirs: 0, both: 0 };
    row[key]++;
    counts.set(code, row);
  };
  for (const {
    [tool]: [ours, theirs],
  } of compared) {
    const open = new Map();
    for (const finding of theirs) {
      count(finding, "theirs");
      open.set(finding, (open.get(finding) ?? 0) + 1);
    }
    for (const finding of ours) {
      count(finding, "ours");
      const left = open.get(finding) ?? 0;
      if (left > 0) count(finding, "both");
      open.set(finding, left - 1);
    }
  }
  const kindOf = (code) => kinds.find(([, pattern]) => pattern.test(code))[0];
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, row]) => ({
      tool,
      code,
      kind: kindOf(code),
      ...row,
      agreement: totalOf([row]),
      note: NOTES[code] ?? "",
    }));
}

function complexityRow(tool, compared) {
  const [both, all] = compared.reduce(([a, b], { [tool]: [x, y] }) => [a + x, b + y], [0, 0]);
  return {
    tool,
    code: "complexity",
    kind: "shared",
    ours: all,
    theirs: all,
    both,
    agreement: share(both, all),
  };
}

/** Findings that both have, of all that either has. */
function totalOf(rows) {
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  return share(sum("both"), sum("ours") + sum("theirs") - sum("both"));
}

/** Four decimals. */
function share(part, whole) {
  return whole === 0 ? 1 : Math.round((1e4 * part) / whole) / 1e4;
}
