// Type errors of Python texts, by pyright as a language server in a child process that is kept (this room alone knows the
// package). A text that takes too long, or ends the child, costs its own verdict only: the next one gets a new child.
// Works offline; sees the standard library's types and no installed package, so that no machine decides.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Finding } from "../core/record.js";
import { connect, type Connection } from "./jsonrpc.js";
import { STDLIB_MODULES } from "./modules.js";

/** Errors in source order, or why there is no verdict. */
export type TypeVerdict = { readonly errors: readonly Finding[] } | { readonly unknown: string };

export interface TypeChecker {
  /** Checks one text; calls wait for one another. */
  check(text: string): Promise<TypeVerdict>;
  /** Ends the child; a check under way has no verdict. */
  close(): Promise<void>;
}

export interface PyrightOptions {
  /** Top-level modules whose absence is no error; default none. */
  readonly allowImports?: readonly string[];
  /** Milliseconds for one text; default 10,000. */
  readonly timeoutMs?: number;
}

/** What pyright does, for fingerprints. */
export function pyrightVersion(): string {
  // A cast because require() cannot know.
  const { version } = createRequire(import.meta.url)("pyright/package.json") as { readonly version: string };
  return `pyright ${version}`;
}

/** Milliseconds for the child to start and to answer about an empty text. */
const START_MS = 60_000;

/** Opens the checker; the child starts with the first text. */
export function openPyright(options: PyrightOptions = {}): TypeChecker {
  const { allowImports = [], timeoutMs = 10_000 } = options;
  let child: Promise<Server> | null = null;
  let before: Promise<unknown> = Promise.resolve();
  let closed = false;

  const stop = async (): Promise<void> => {
    const old = child;
    child = null;
    await (await old?.catch(() => null))?.kill();
  };
  const one = async (text: string): Promise<TypeVerdict> => {
    if (closed) return { unknown: "the type checker was closed" };
    child ??= startServer();
    const server = await child.catch(async (cause: unknown) => {
      await stop();
      throw cause;
    });
    const items = await Promise.race([
      server.pull(neutral(text)),
      server.ended.then(() => "it ended pyright"),
      after(timeoutMs, `checking took over ${timeoutMs} ms`),
    ]);
    if (typeof items !== "string") return { errors: errorsIn(items, allowImports) };
    await stop();
    return { unknown: items };
  };
  return {
    check: (text) => {
      const verdict = before.then(() => one(text));
      before = verdict.catch(() => undefined);
      return verdict;
    },
    close: async () => {
      closed = true;
      await stop();
    },
  };
}

interface Item {
  readonly severity: number;
  readonly code?: string | number;
  readonly message: string;
  readonly range: { readonly start: { readonly line: number } };
}

interface Server {
  /** Findings of all severities; rejects never, hangs when the child does. */
  pull(text: string): Promise<readonly Item[]>;
  readonly ended: Promise<void>;
  kill(): Promise<void>;
}

const FOLDER = new URL("./pyright/", import.meta.url);

/** The compiled program, or its twin in dist while the sources run uncompiled (in tests). */
function serverFile(): string {
  const beside = fileURLToPath(new URL("server.js", FOLDER));
  return existsSync(beside)
    ? beside
    : fileURLToPath(new URL("../../dist/python/pyright/server.js", import.meta.url));
}

async function startServer(): Promise<Server> {
  // Without PATH there is no Python whose packages it could look at.
  const child = spawn(process.execPath, ["--max-old-space-size=2048", serverFile(), "--stdio"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {},
  });
  const ended = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  const kill = async (): Promise<void> => {
    process.off("exit", onExit);
    child.kill("SIGKILL");
    await ended;
  };
  // A child that is gone is noticed by `ended`; writing to it must not throw.
  child.stdin.on("error", () => undefined);
  const pull = await Promise.race([
    introduce(connect(child.stdout, child.stdin, answerTo), child),
    ended.then(() => "ended"),
    after(START_MS, `gave no sign for ${START_MS / 1_000} s`),
  ]);
  if (typeof pull !== "string") return { pull, ended, kill };
  await kill();
  throw new Error(`internal: pyright's language server could not be started: it ${pull}`);
}

/** Shakes hands and opens the one document, whose text is then changed again and again. */
async function introduce(connection: Connection, { pid }: ChildProcess): Promise<Server["pull"]> {
  const workspace = FOLDER.href;
  const uri = new URL("seed.py", FOLDER).href;
  await connection.request("initialize", {
    processId: process.pid,
    rootUri: workspace,
    workspaceFolders: [{ uri: workspace, name: `selfalign-${pid ?? 0}` }],
    capabilities: { workspace: { configuration: true }, textDocument: { diagnostic: {} } },
  });
  connection.notify("initialized", {});
  let version = 1;
  connection.notify("textDocument/didOpen", {
    textDocument: { uri, languageId: "python", version, text: "" },
  });
  return async (text) => {
    connection.notify("textDocument/didChange", {
      textDocument: { uri, version: ++version },
      contentChanges: [{ text }],
    });
    // A cast because the protocol says so: https://microsoft.github.io/language-server-protocol (textDocument/diagnostic)
    const { items } = (await connection.request("textDocument/diagnostic", { textDocument: { uri } })) as {
      readonly items: readonly Item[];
    };
    return items;
  };
}

/** Settings that the server asks for, one for each section. */
function answerTo(method: string, params: unknown): unknown {
  if (method !== "workspace/configuration") return null;
  const { items } = params as { readonly items: readonly { readonly section?: string }[] };
  const analysis = { diagnosticMode: "openFilesOnly", autoSearchPaths: false };
  return items.map(({ section }) => {
    if (section === "python.analysis") return analysis;
    return section === "python" ? { pythonPath: "/nonexistent", analysis } : {};
  });
}

/** The text with the comments that would silence pyright made meaningless, line by line and as long as before. */
export function neutral(text: string): string {
  return text
    .replace(/(#[^\n]*?)\btype(\s*:\s*ignore)/g, "$1tyqe$2")
    .replace(/(#[^\n]*?)\bpyright(\s*:)/g, "$1pyriqht$2");
}

const ERROR = 1;

function errorsIn(items: readonly Item[], allowed: readonly string[]): Finding[] {
  return items
    .filter(({ severity }) => severity === ERROR)
    .filter((item) => !isThere(missingModule(item) ?? "", allowed))
    .map(({ code, message, range }) => ({
      code: String(code ?? "syntax"),
      line: range.start.line + 1,
      message: message.replace(/\s+/g, " "),
    }));
}

/** Of the standard library pyright knows what has stubs, which is not all of it. */
function isThere(module: string, allowed: readonly string[]): boolean {
  return STDLIB_MODULES.has(module) || allowed.includes(module);
}

/** Top-level module of an import that pyright could not follow. */
function missingModule({ code, message }: Item): string | null {
  if (code !== "reportMissingImports") return null;
  return /"([^".]+)[^"]*"/.exec(message)?.[1] ?? null;
}

function after<T>(ms: number, value: T): Promise<T> {
  return new Promise((resolve) => void setTimeout(() => resolve(value), ms).unref());
}
