// Shows the lines that another process appends to a log, as they come.
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";

const EVERY_MS = 300;

/**
 * Follows `file` from its present end.
 * @param {string} file
 * @param {(line: string, transient: boolean) => void} draw
 */
export function followLog(file, draw) {
  let at = existsSync(file) ? statSync(file).size : 0;
  let rest = "";
  const look = () => {
    if (!existsSync(file)) return;
    const size = statSync(file).size;
    if (size <= at) return;
    const buffer = Buffer.alloc(size - at);
    const handle = openSync(file, "r");
    readSync(handle, buffer, 0, buffer.length, at);
    closeSync(handle);
    at = size;
    const lines = (rest + buffer.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      // A time in front, then the text; progress lines carry a bar and may be overwritten.
      const text = line.replace(/^\S+Z /, "");
      draw(`  ${text}`, /\[[█░]{10}\]/.test(text));
    }
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      look();
    },
  };
}
