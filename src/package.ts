// What this package is called and where it lies, read once from its package.json.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of the package, with a slash at its end. */
export const PACKAGE_ROOT: string = fileURLToPath(new URL("../", import.meta.url));

const description = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

/** Version of this package. */
export const VERSION: string = description.version;
