// Boots CPython (Pyodide) in a bare V8 realm: a context without any Node object, in which code can't be made from
// strings. Bytes go in by filling arrays that the realm made; afterwards only strings cross. One realm is one world:
// it is made from the memory snapshot, runs one job, and is dropped. Runs inside the locked-down child.
// Node does not call a context a security boundary: it is one of several layers (see `children.ts`).
import { readFileSync } from "node:fs";
import vm from "node:vm";

// The compiler's libraries leave WebAssembly to the browser's.
declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

/** The object that `realm-inside.js` hands out; every value that crosses is a primitive once the world is sealed. */
interface Inside {
  allocate(name: string, size: number): Uint8Array;
  adopt(module: object): void;
  limit(memoryBytes: number, fileBytes: number, fileCount: number): void;
  vary(kind: number): void;
  boot(lock: string, fromSnapshot: boolean, forSnapshot: boolean): void;
  state(): string;
  run(source: string): void;
  snapshot(): Uint8Array;
  seal(): string;
  call(verb: string, text: string): string;
  connect(ask: (text: string) => string): void;
  written(): number;
}

/** What every realm of a process shares: compiled scripts and Pyodide's files. */
export interface RealmFiles {
  readonly inside: vm.Script;
  readonly machine: vm.Script;
  readonly loader: vm.Script;
  readonly wasm: object;
  readonly library: Uint8Array;
  /** Pyodide's lock file without the packages that it could download. */
  readonly lock: string;
}

/** The three quotas of a world; files live in memory, outside the interpreter's own. And which kind of world it is. */
export interface Limits {
  readonly memoryBytes: number;
  readonly fileBytes: number;
  readonly fileCount: number;
  /** 0, or 1 for a world with another hash seed, other random numbers and another date. */
  readonly variation: number;
}

/** A booted interpreter. */
export interface World {
  /** Runs our own Python, while a snapshot is made. */
  run(source: string): void;
  /** Copy of the interpreter's memory. */
  snapshot(): Uint8Array;
  /** Locks the world down; returns the interpreter's version, e.g. `3.14.2`. */
  seal(): string;
  /** Calls a verb of the harness. The reply is the harness's text, or `!exit N`, `!died`, `!no reply`. */
  call(verb: string, text: string): string;
  /** Gives the harness the way to ask another world. */
  connect(ask: (text: string) => string): void;
  /** Bytes written to the standard streams so far. */
  written(): number;
}

/** Pyodide's two modules as scripts: no `import`, no export, no name of a file of this machine. */
function asScript(source: string, exported: RegExp, assign: string): string {
  const text = source
    .replace(/import\.meta\.url/g, '"file:///pyodide/pyodide.asm.mjs"')
    .replace(/(?<![.\w$])import\(/g, "noImport(")
    .replace(/\/\/# sourceMappingURL.*$/m, "");
  if (!exported.test(text))
    throw new Error("internal: this version of pyodide exports otherwise than expected");
  return `"use strict";(()=>{${text.replace(exported, assign)}})()`;
}

/** Reads and compiles what realms are made of. `pyodide` is the package's folder, `insideFile` is `realm-inside.js`. */
export function readRealmFiles(pyodide: string, insideFile: string): RealmFiles {
  const text = (name: string): string => readFileSync(`${pyodide}/${name}`, "utf8");
  const machine = asScript(
    text("pyodide.asm.mjs"),
    /export default (\w+);?\s*$/,
    "globalThis.createPyodideModule=$1;",
  );
  const loader = asScript(
    text("pyodide.mjs"),
    /export\s*\{\s*(\w+) as loadPyodide\s*,\s*\w+ as version\s*\};?/,
    "globalThis.loadPyodide=$1;",
  );
  const lock = JSON.parse(text("pyodide-lock.json")) as Record<string, unknown>;
  return {
    inside: new vm.Script(readFileSync(insideFile, "utf8"), { filename: "realm.js" }),
    machine: new vm.Script(machine, { filename: "machine.js" }),
    loader: new vm.Script(loader, { filename: "loader.js" }),
    wasm: new WebAssembly.Module(readFileSync(`${pyodide}/pyodide.asm.wasm`)),
    library: readFileSync(`${pyodide}/python_stdlib.zip`),
    lock: JSON.stringify({ ...lock, packages: {} }),
  };
}

/** Copies bytes into an array made by the realm, with this realm's own `set`, so that nothing of ours enters. */
function fill(inside: Inside, name: string, bytes: Uint8Array): void {
  Uint8Array.prototype.set.call(inside.allocate(name, bytes.length), bytes);
}

async function booted(inside: Inside): Promise<void> {
  for (;;) {
    const state = inside.state();
    if (state === "ready") return;
    if (state !== "loading") throw new Error(`internal: the interpreter does not boot: ${state}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Boots an interpreter, from `snapshot` where there is one; `forSnapshot` boots one that a snapshot can be taken of. */
export async function openWorld(
  files: RealmFiles,
  limits: Limits,
  snapshot: Uint8Array | null,
  forSnapshot = false,
): Promise<World> {
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
    name: "python",
    codeGeneration: { strings: false, wasm: true },
  });
  // The script's last value is the frozen object described by Inside.
  const inside = files.inside.runInContext(context) as Inside;
  inside.limit(limits.memoryBytes, limits.fileBytes, limits.fileCount);
  inside.vary(limits.variation);
  // A copy of the handle to the compiled code: its prototype becomes the realm's own.
  inside.adopt(structuredClone(files.wasm));
  fill(inside, "python_stdlib.zip", files.library);
  if (snapshot !== null) fill(inside, "snapshot", snapshot);
  files.machine.runInContext(context);
  files.loader.runInContext(context);
  inside.boot(files.lock, snapshot !== null, forSnapshot);
  await booted(inside);
  return inside;
}
