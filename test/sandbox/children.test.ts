import { expect, test } from "vitest";
import { childFlags } from "../../src/sandbox/children.js";

const options = { pyodide: "/p", here: "/h", memoryMb: 512 };

test.each([
  ["20.19.0", "--experimental-permission"],
  ["22.12.0", "--experimental-permission"],
  ["22.13.0", "--permission"],
  ["23.4.0", "--experimental-permission"],
  ["23.5.0", "--permission"],
  ["24.9.0", "--permission"],
  ["25.0.0", "--permission"],
])("Node %s knows the permission model as %s", (version, flag) => {
  const flags = childFlags(version, options);
  expect(flags.filter((each) => /permission$/.test(each))).toEqual([flag]);
});

test("a child may read two folders and nothing else is allowed", () => {
  const allowed = childFlags("25.0.0", options).filter((flag) => flag.startsWith("--allow"));
  expect(allowed).toEqual(["--allow-fs-read=/p/*", "--allow-fs-read=/h/*"]);
});

test("the memory cap is told in pages of 64 KiB", () => {
  expect(childFlags("20.19.0", options)).toContain("--wasm-max-mem-pages=8192");
});
