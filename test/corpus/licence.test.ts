import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { copyrightsOf, isLicenceFile, licenceOf } from "../../src/corpus/licence.js";

const require = createRequire(import.meta.url);

describe("licenceOf", () => {
  it("knows the licence files of installed packages", () => {
    const text = (file: string): string => readFileSync(require.resolve(file), "utf8");
    expect(licenceOf(text("tree-sitter-python/LICENSE"))).toBe("MIT");
    expect(licenceOf(text("typescript/LICENSE.txt"))).toBe("Apache-2.0");
  });

  for (const [phrase, spdx] of [
    ["GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007", "GPL-3.0"],
    ["GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991", "GPL-2.0"],
    [
      "GNU LESSER GENERAL PUBLIC LICENSE\n   Version 2.1, ... GNU General Public License version 2",
      "LGPL-2.1",
    ],
    ["GNU LESSER GENERAL PUBLIC LICENSE\nVersion 3", "LGPL-3.0"],
    ["GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3", "AGPL-3.0"],
    ["Mozilla Public License Version 2.0", "MPL-2.0"],
    ["PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2", "PSF-2.0"],
    ["Redistribution and use in source and binary forms ... Neither the name of X", "BSD-3-Clause"],
    ["Redistribution and use in source and binary forms ...", "BSD-2-Clause"],
    [
      "Permission to use, copy, modify, and/or distribute this software\nfor any purpose with or without fee",
      "ISC",
    ],
    ["This is free and unencumbered software released into the public domain.", "Unlicense"],
    ["All rights reserved. Ask us.", null],
    ["", null],
  ] as const) {
    it(`tells ${String(spdx)} by ${JSON.stringify(phrase.slice(0, 40))}`, () =>
      expect(licenceOf(phrase)).toBe(spdx));
  }
});

describe("isLicenceFile", () => {
  it("takes the usual names and nothing that runs", () => {
    for (const name of [
      "LICENSE",
      "LICENCE.md",
      "license.txt",
      "COPYING",
      "COPYING.LESSER",
      "LICENSE-MIT",
      "UNLICENSE",
    ]) {
      expect(isLicenceFile(name), name).toBe(true);
    }
    for (const name of ["license.py", "licenses", "copying_files.txt", "README"]) {
      expect(isLicenceFile(name), name).toBe(false);
    }
  });
});

describe("copyrightsOf", () => {
  it("keeps the lines that name an owner and a year", () => {
    const text = "MIT\n\nCopyright (c) 2020 A\n  copyright 2021 B\nthe copyright notice shall\n";
    expect(copyrightsOf(text)).toEqual(["Copyright (c) 2020 A", "copyright 2021 B"]);
  });
});
