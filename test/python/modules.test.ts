import { describe, expect, it } from "vitest";
import {
  BUILTINS,
  PROCESS_MODULES,
  REMOVED_MODULES,
  STDLIB_MODULES,
  SYSTEM_MODULES,
} from "../../src/python/modules.js";

describe("lists of modules", () => {
  it("hold what Python has and had", () => {
    for (const name of ["os", "re", "__future__", "tomllib", "annotationlib", "_heapq"]) {
      expect(STDLIB_MODULES).toContain(name);
      expect(REMOVED_MODULES).not.toContain(name);
    }
    for (const name of ["numpy", "six", "tests", ""]) expect(STDLIB_MODULES).not.toContain(name);
  });

  it("nest: removed, process and system modules are modules of the standard library", () => {
    for (const name of [...REMOVED_MODULES, ...SYSTEM_MODULES]) expect(STDLIB_MODULES).toContain(name);
    for (const name of [...PROCESS_MODULES].filter((module) => module !== "pip" && module !== "turtledemo")) {
      expect(STDLIB_MODULES).toContain(name.split(".")[0]);
    }
    for (const name of SYSTEM_MODULES) expect(PROCESS_MODULES).toContain(name);
  });

  it("leave out builtins that only an interactive session has", () => {
    expect(BUILTINS).toContain("len");
    expect(BUILTINS).toContain("__name__");
    for (const name of ["exit", "help", "__file__", "_"]) expect(BUILTINS).not.toContain(name);
  });
});
