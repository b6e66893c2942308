// Compiles src to dist and copies what the compiler leaves behind: Python files and realm scripts that workers start.
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const root = path.resolve(import.meta.dirname, "..");
// node_modules/.bin/tsc belongs to tslab's private TypeScript, so the compiler is called by its file.
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const compiled = spawnSync(process.execPath, [tsc, "-p", root], { stdio: "inherit" });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
cpSync(path.join(root, "src"), path.join(root, "dist"), {
  recursive: true,
  filter: (file) => !file.endsWith(".ts"),
});
