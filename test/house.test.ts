import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

// The order of the rooms: a file imports only from its own room and from rooms before it. This list is the only one.
const ROOMS = [
  "core",
  "hub",
  "python",
  "corpus",
  "overlap",
  "seeds",
  "sandbox",
  "validate",
  "onnx",
  "model",
  "engine",
  "instruct",
  "dataset",
  "grad",
  "train",
  "complete",
  "evaluate",
  "rewrite",
  "seq2seq",
  "report",
  "notebook",
];

/** Files in the root of src, in the order in which they may import one another; they may import every room. */
const ROOT = [
  "package",
  "readers",
  "summaries",
  "plans",
  "settings",
  "teaching",
  "judging",
  "compose",
  "publish",
  "opening",
  "timing",
  "pipeline",
  "lab",
  "index",
];

/** The one file that may load each heavy dependency; its types are anybody's. */
const OWNERS: Readonly<Record<string, string>> = {
  "web-tree-sitter": "python/syntax.ts",
  "@astral-sh/ruff-wasm-nodejs": "python/ruff.ts",
  pyright: "python/pyright.ts",
  "hyparquet-writer": "dataset/parquet.ts",
  "hyparquet-compressors": "corpus/parquet.ts",
  "danfojs-node": "report/frame.ts",
  "plotly.js-dist-min": "report/plotly.ts",
  "@huggingface/hub": "hub/upload.ts",
  "@huggingface/transformers": "engine/transformers-worker.ts",
  "onnxruntime-node": "onnx/session-worker.ts",
  "@huggingface/jinja": "instruct/template.ts",
  yaml: "instruct/yaml.ts",
  marked: "notebook/html.ts",
};

const ROOT_FOLDER = path.resolve(import.meta.dirname, "..");
const SRC = path.join(ROOT_FOLDER, "src");

interface Import {
  readonly from: string;
  readonly to: string;
  readonly onlyTypes: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"));

const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(path.join(SRC, file), "utf8");
  const static_ = text.matchAll(/^\s*(?:import|export)\s(type\s)?[^;]*?from\s+"([^"]+)"/gm);
  const bare = text.matchAll(/^\s*import\s+"([^"]+)"/gm);
  const called = text.matchAll(/(?:import|require|resolve)\(\s*"([^"]+)"\s*\)/g);
  const named = [...static_].map(([, type, to = ""]) => ({ from: file, to, onlyTypes: type !== undefined }));
  const loaded = [...bare, ...called].map(([, to = ""]) => ({ from: file, to, onlyTypes: false }));
  return [...named, ...loaded];
});

function rank(file: string): number {
  const room = file.split("/")[0] ?? "";
  if (file.includes("/")) return ROOMS.indexOf(room);
  const name = file.replace(/\.ts$/, "");
  return ROOMS.length + ROOT.indexOf(name);
}

describe("the house", () => {
  it("has no room and no root file that the list does not know", () => {
    expect(files.filter((file) => rank(file) < (file.includes("/") ? 0 : ROOMS.length))).toEqual([]);
  });

  it("is walked one way", () => {
    const wrong = imports
      .filter(({ to }) => to.startsWith("."))
      .map(({ from, to }) => ({
        from,
        to: path.posix.join(path.posix.dirname(from), to).replace(/\.js$/, ".ts"),
      }))
      // package.ts knows where the package lies and imports nothing.
      .filter(({ from, to }) => to !== "package.ts" && rank(to) > rank(from));
    expect(wrong).toEqual([]);
  });

  it("has one owner for each heavy dependency", () => {
    const strangers = imports.filter(({ from, to, onlyTypes }) => {
      const owner = Object.entries(OWNERS).find(([name]) => to === name || to.startsWith(`${name}/`));
      return owner !== undefined && owner[1] !== from && !onlyTypes;
    });
    expect(strangers).toEqual([]);
  });

  describe.each([
    ["src", ".ts"],
    ["scripts", ".mjs"],
  ])("%s", (folder, ending) => {
    const texts = readdirSync(path.join(ROOT_FOLDER, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(ending))
      .map((file) => [file, readFileSync(path.join(ROOT_FOLDER, folder, file), "utf8")] as const);

    it("has files short enough to be one idea", () => {
      const long = texts.filter(([, text]) => text.split("\n").length > 301);
      expect(long.map(([file]) => file)).toEqual([]);
    });

    it("says at the top of each file what it is for", () => {
      const silent = texts.filter(([, text]) => !/^(?:#!.*\n)?\/\/ /.test(text));
      expect(silent.map(([file]) => file)).toEqual([]);
    });
  });
});
