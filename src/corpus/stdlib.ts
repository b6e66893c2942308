// The default corpus: CPython's standard library, the real .py files inside the npm package `pyodide` that the sandbox
// uses anyway, so a first run needs no network. Leaves out Pyodide's own packages (MPL-2.0): everything handed out is
// under the Python Software Foundation's licence. Sole owner of fflate.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { ordered, recordOf, type Corpus, type FileOrigin } from "./corpus.js";

const NOT_CPYTHON = /^(?:pyodide|_pyodide|site-packages)\//;

/** Opens the standard library that comes with the package `pyodide`; about 0.2 s and 10 MB of memory. */
export async function openStdlib(): Promise<Corpus> {
  const require = createRequire(import.meta.url);
  const version = await pythonVersion(require.resolve("pyodide/pyodide-lock.json"));
  const [major = 3, minor = 0] = version.split(".").map(Number);
  const files = await unzipped(require.resolve("pyodide/python_stdlib.zip"));
  const origin = { source: "stdlib", repository: "python/cpython", revision: version, licence: "PSF-2.0" };
  return {
    name: "stdlib",
    title: `CPython ${version}'s standard library`,
    identity: `stdlib ${version}`,
    python: [major, minor],
    notices: [noticeOf(version)],
    licenceText: await readFile(new URL("../../data/licences/PSF-2.0.txt", import.meta.url), "utf8"),
    count: () => Promise.resolve(files.size),
    // eslint-disable-next-line @typescript-eslint/require-await -- the contract is asynchronous, this zip is in memory
    async *files(options) {
      for (const { order, path } of ordered([...files.keys()], options)) {
        const file: FileOrigin = { ...origin, path };
        yield recordOf(
          order,
          file,
          files.get(path) ?? { reason: "unreadable", detail: "not in the archive" },
        );
      }
    },
  };
}

/** The licence asks for the copyright notice and a reference to the licence. */
function noticeOf(version: string): string {
  return (
    `Functions from the standard library of CPython ${version}: Copyright (c) 2001 Python Software Foundation; ` +
    "All Rights Reserved. Python Software Foundation License Version 2 (PSF-2.0), https://docs.python.org/3/license.html"
  );
}

async function pythonVersion(lockFile: string): Promise<string> {
  const lock = JSON.parse(await readFile(lockFile, "utf8")) as { info: { python: string } }; // our pinned package's own file
  return lock.info.python;
}

async function unzipped(archive: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const { unzipSync } = await import("fflate");
  const entries = unzipSync(await readFile(archive), {
    filter: ({ name }) => name.endsWith(".py") && !NOT_CPYTHON.test(name),
  });
  return new Map(Object.entries(entries));
}
