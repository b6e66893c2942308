// The program of the type checker's child process: pyright's language server on stdin and stdout, with a thread beside it
// that ends the process when its parent is gone, even in the middle of an endless analysis.
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";

/** Milliseconds between two looks at the parent. */
const LOOK_MS = 500;

const watch = `const { ppid } = process;
setInterval(() => { if (process.ppid !== ppid) process.kill(process.pid, "SIGKILL"); }, ${LOOK_MS});`;
new Worker(watch, { eval: true }).unref();

createRequire(import.meta.url)("pyright/langserver.index.js");
