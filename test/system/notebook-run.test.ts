// Runs notebooks as a reader would, in a real child process. Each start costs seconds, so a notebook shows many things.
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CellError, executeNotebook, type ExecuteOptions } from "../../src/notebook/execute.js";
import {
  parseNotebook,
  textOf,
  type CodeCell,
  type Notebook,
  type Output,
} from "../../src/notebook/nbformat.js";
import { code, createProject, markdown, type Project } from "../notebook/build.js";

const show = JSON.stringify(new URL("../../dist/notebook/show.js", import.meta.url).pathname);

let project: Project;
beforeAll(() => {
  project = createProject();
});
afterAll(() => {
  project.remove();
});

function saved(name: string): Notebook {
  return parseNotebook(readFileSync(project.at("reports", name), "utf8"), name);
}

function outputs(notebook: Notebook, index: number): readonly Output[] {
  return (notebook.cells[index] as CodeCell).outputs;
}

/** Runs cells that must fail; gives the error and the saved notebook. */
async function failing(
  name: string,
  cells: readonly CodeCell[],
  options: ExecuteOptions = {},
): Promise<{ error: CellError; notebook: Notebook }> {
  const input = project.write(name, ...cells);
  const error: unknown = await executeNotebook(input, project.at("reports", name), options).then(
    () => new Error("the notebook passed"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof CellError)) throw error;
  const notebook = saved(name);
  const failed = outputs(notebook, error.cellIndex).at(-1);
  expect(failed).toMatchObject({ output_type: "error", ename: error.ename, evalue: error.evalue });
  return { error, notebook };
}

function data(output: Output | undefined): Readonly<Record<string, unknown>> {
  return output && "data" in output ? output.data : {};
}

const rich = [
  markdown("# A notebook"),
  code(`import * as show from ${show};\nimport { basename } from "node:path";`),
  code('let count = 1;\nlet names: string[] = ["default"];', "parameters"),
  code('console.log("out", count);\nconsole.log("more");\nconsole.error("err");\n`${count} ${names.join()}`'),
  code("const waited = await Promise.resolve(count + 1);\nwaited;"),
  code(""),
  code('show.showChart({ data: [{ type: "bar", x: [1], y: [2] }], layout: { height: 200 } });'),
  code(
    'show.showTable([{ name: "<b>", n: 1 }]);\nshow.showMarkdown("**bold**");\nshow.showHtml("<i>h</i>");\nshow.showCode("x = 1");\nshow.loadPlotly();',
  ),
  code("const line = show.notebookProgress();\nline('begun', false);\nline('one', true);"),
  code("line('two', true);\nline('over', false);"),
  code("basename(process.cwd()) + ' ' + (process.env.HF_TOKEN ?? 'no token') + ' ' + process.env.MY_API_KEY"),
];

describe("a notebook that works", () => {
  it("is executed with parameters, keeps all kinds of output, and is the same the second time", async () => {
    const input = project.write("rich.ipynb", ...rich);
    const seen: string[] = [];
    process.env["HF_TOKEN"] = "hf_of_the_parent";
    const run = (): Promise<Notebook> =>
      executeNotebook(input, project.at("reports", "rich.ipynb"), {
        parameters: { count: 41, names: ["a", "b"] },
        env: { MY_API_KEY: "asked for" },
        onOutput: (output, cell) => seen.push(`${cell}:${output.output_type}`),
      });
    const notebook = await run();
    delete process.env["HF_TOKEN"];
    expect(textOf(notebook.cells[3]?.source ?? "")).toBe('let count = 41;\nlet names = ["a","b"];');
    expect(outputs(notebook, 4)).toEqual([
      { output_type: "stream", name: "stdout", text: ["out 41\n", "more\n"] },
      { output_type: "stream", name: "stderr", text: ["err\n"] },
      { output_type: "execute_result", data: { "text/plain": ["41 a,b"] }, metadata: {}, execution_count: 4 },
    ]);
    expect(outputs(notebook, 5)[0]).toMatchObject({ data: { "text/plain": ["42"] }, execution_count: 5 });
    expect(notebook.cells[6]).toMatchObject({ execution_count: null, outputs: [] });
    expect(Object.keys(data(outputs(notebook, 7)[0])).sort()).toEqual([
      "application/vnd.plotly.v1+json",
      "text/html",
      "text/plain",
    ]);
    const displays = outputs(notebook, 8).map(data);
    expect(displays).toHaveLength(4);
    expect(JSON.stringify(displays[0])).toContain("&lt;b&gt;");
    expect(displays[1]).toMatchObject({ "text/markdown": ["**bold**"] });
    expect(data(outputs(notebook, 9)[0])["text/plain"]).toEqual(["begun\n", "over"]);
    expect(outputs(notebook, 10)).toEqual([]);
    expect(data(outputs(notebook, 11)[0])["text/plain"]).toEqual([
      `${project.at().split("/").at(-1) ?? ""} no token asked for`,
    ]);
    expect(seen).toContain("4:execute_result");
    expect(notebook).toEqual(saved("rich.ipynb"));
    expect((await run()).cells).toEqual(notebook.cells);
  });
});

describe("a notebook that fails", () => {
  it("tells the cell of an exception, without the machine's paths, and leaves the rest alone", async () => {
    const cells = [
      code("const fine = 1;"),
      code('throw new RangeError("too far: " + process.cwd() + "/x");'),
      code("3"),
    ];
    const { error, notebook } = await failing("exception.ipynb", cells);
    expect(error).toMatchObject({ cellIndex: 1, ename: "RangeError", evalue: "too far: x" });
    expect(error.message).toContain("cell 2 failed: RangeError");
    expect(JSON.stringify(notebook)).not.toContain(project.at());
    expect(notebook.cells[2]).toMatchObject({ execution_count: null, outputs: [] });
    expect(notebook.metadata["selfalign"]).toMatchObject({ status: "failed" });
  });

  it("tells a type error before the cell runs", async () => {
    const { error } = await failing("type.ipynb", [code('console.log("ran");\nconst n: number = "text";')]);
    expect(error.ename).toBe("TypeScriptError");
    expect(error.evalue).toContain("Type 'string' is not assignable to type 'number'");
  });

  it("notices a process that ends", async () => {
    const { error } = await failing("exit.ipynb", [
      code('console.log("last words");\nprocess.exit(3);'),
      code("1"),
    ]);
    expect(error).toMatchObject({ cellIndex: 0, ename: "KernelDied" });
    expect(error.evalue).toContain("exit code 3");
  });

  it("ends a cell that never does, together with what it started", async () => {
    const file = JSON.stringify(project.at("alive"));
    const child = `(async () => { for (;;) { await new Promise((r) => setTimeout(r, 50)); require("fs").writeFileSync(${file}, String(Date.now())); } })()`;
    const { error } = await failing(
      "loop.ipynb",
      [
        code(
          `import { spawn } from "node:child_process";\nspawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "ignore" });\nawait new Promise((r) => setTimeout(r, 1000));`,
        ),
        code("for (;;) {}"),
      ],
      { timeoutMs: 5000 },
    );
    expect(error).toMatchObject({ cellIndex: 1, ename: "CellTimeout" });
    expect(existsSync(project.at("alive"))).toBe(true);
    await sleep(200);
    const last = readFileSync(project.at("alive"), "utf8");
    await sleep(500);
    expect(readFileSync(project.at("alive"), "utf8")).toBe(last);
  });

  it("fails on a rejection that nobody awaits, in the cell that made it", async () => {
    const cells = [code('void Promise.reject(new Error("forgotten"));\n1'), code("2")];
    const { error } = await failing("rejection.ipynb", cells);
    expect(error).toMatchObject({ cellIndex: 0, evalue: "forgotten" });
  });

  it("fails on what surfaces after the last cell, and on what breaks the cell that waits for it", async () => {
    const later = [code("1"), code('setTimeout(() => { throw new Error("afterwards"); }, 300);\n2')];
    expect((await failing("late.ipynb", later)).error).toMatchObject({ cellIndex: 1, evalue: "afterwards" });
    const waiting = [
      code('await new Promise(() => setTimeout(() => { throw new Error("meanwhile"); }, 50));'),
    ];
    expect((await failing("waiting.ipynb", waiting)).error.evalue).toBe("meanwhile");
  });

  it("refuses a parameter that the notebook does not declare", async () => {
    const { error } = await failing("unknown.ipynb", [code("let n = 1;", "parameters"), code("n")], {
      parameters: { n: 2, m: 3 },
    });
    expect(error).toMatchObject({ cellIndex: 0, ename: "UnknownParameter" });
    expect(error.evalue).toContain("m: not declared");
  });

  it("hands an abort on as SIGINT and waits for what the cell still saves", async () => {
    const marker = JSON.stringify(project.at("saved"));
    const stage = `import { writeFileSync } from "node:fs";
await new Promise((resolve, reject) => {
  const alive = setInterval(() => undefined, 1000);
  process.once("SIGINT", () => setTimeout(() => { writeFileSync(${marker}, "yes"); clearInterval(alive); reject(new Error("stopped and saved")); }, 300));
  console.log("running");
});`;
    const stop = new AbortController();
    const { error } = await failing("abort.ipynb", [code(stage), code("2")], {
      signal: stop.signal,
      onOutput: () => {
        stop.abort();
      },
    });
    expect(error).toMatchObject({ cellIndex: 0, evalue: "stopped and saved" });
    expect(existsSync(project.at("saved"))).toBe(true);
  });

  it("ends a cell where nobody listens for the abort", async () => {
    const stop = new AbortController();
    const { error } = await failing(
      "abort2.ipynb",
      [code('console.log("x");\nawait new Promise((r) => setTimeout(r, 60000));')],
      {
        signal: stop.signal,
        onOutput: () => {
          stop.abort();
        },
      },
    );
    expect(error.evalue).toContain("nterrupted");
  });
});
