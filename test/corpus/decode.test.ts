import { describe, expect, it } from "vitest";
import { decodePython } from "../../src/corpus/decode.js";

const latin = (text: string): Uint8Array => Buffer.from(text, "latin1");

describe("decodePython reads", () => {
  for (const [name, bytes, text] of [
    ["UTF-8", Buffer.from("x = 'ü😀'\n"), "x = 'ü😀'\n"],
    ["a byte order mark", Buffer.from("\ufeffx = 1\n"), "x = 1\n"],
    ["a mark with a matching cookie", Buffer.from("\ufeff# coding: utf-8\n"), "# coding: utf-8\n"],
    [
      "Latin-1 by cookie",
      latin("# -*- coding: latin-1 -*-\n'\xe4\x80'"),
      "# -*- coding: latin-1 -*-\n'ä\x80'",
    ],
    ["ISO-8859-15 by cookie", latin("# coding=iso-8859-15\n'\xa4'"), "# coding=iso-8859-15\n'€'"],
    ["a cookie in line two", latin("#!/bin/python\n# vim: set fileencoding=cp1252 :\n'\x80'"), null],
    ["every line end", Buffer.from("a\r\nb\rc\n"), "a\nb\nc\n"],
    ["nothing", Buffer.from(""), ""],
    [
      "a cookie behind code as code",
      Buffer.from("x = 1\n# coding: latin-1\n'ü'"),
      "x = 1\n# coding: latin-1\n'ü'",
    ],
    [
      "a cookie in line three as a comment",
      Buffer.from("\n\n# coding: latin-1\n'ü'"),
      "\n\n# coding: latin-1\n'ü'",
    ],
  ] as const) {
    it(name, () => {
      const decoded = decodePython(bytes);
      expect(decoded).toEqual({ text: text ?? "#!/bin/python\n# vim: set fileencoding=cp1252 :\n'€'" });
    });
  }
});

describe("decodePython refuses", () => {
  for (const [name, bytes, reason, detail] of [
    ["bytes that are not UTF-8", latin("x = '\xe4'"), "undecodable", 'bytes that are not "utf-8"'],
    [
      "an encoding nobody knows",
      Buffer.from("# coding: klingon\n"),
      "undecodable",
      'unknown encoding "klingon"',
    ],
    [
      "bytes that windows-1252 lacks",
      latin("# coding: cp1252\n'\x81'"),
      "undecodable",
      'bytes that are not "cp1252"',
    ],
    ["NUL", Buffer.from("x = 1\n\0"), "nul-byte", "NUL at byte 6"],
    ["UTF-16", Buffer.from("\ufeffx = 1\n", "utf16le"), "nul-byte", "NUL at byte 3"],
    [
      "a mark that contradicts the cookie",
      Buffer.from("\ufeff# coding: latin-1\n"),
      "undecodable",
      'byte order mark of UTF-8, but the coding cookie says "latin-1"',
    ],
  ] as const) {
    it(name, () => expect(decodePython(bytes)).toEqual({ reason, detail }));
  }
});
