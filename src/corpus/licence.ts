// Which licence a LICENSE file holds, told by phrases that only that licence has. Gives an SPDX identifier, or null:
// a guess that is wrong costs more than no guess.

const NAMES: readonly RegExp[] = [
  /^licen[sc]e(?:[.-].*)?$/i,
  /^copying(?:[.-].*)?$/i,
  /^unlicense(?:\..*)?$/i,
];

/** True for names under which projects keep their licence, e.g. `LICENSE`, `LICENCE.md`, `COPYING`. */
export function isLicenceFile(name: string): boolean {
  return NAMES.some((pattern) => pattern.test(name)) && !/\.(?:py|js|json|toml|yml|yaml)$/i.test(name);
}

/** In this order: the GNU family first, since its texts speak of other licences. */
const PHRASES: readonly (readonly [spdx: string, phrase: RegExp, version?: RegExp])[] = [
  ["AGPL-3.0", /gnu affero general public license\s+version 3/],
  ["LGPL-3.0", /gnu lesser general public license\s+version 3/],
  ["LGPL-2.1", /gnu lesser general public license\s+version 2\.1/],
  ["LGPL-2.0", /gnu library general public license\s+version 2/],
  ["GPL-3.0", /gnu general public license\s+version 3/],
  ["GPL-2.0", /gnu general public license\s+version 2/],
  ["MPL-2.0", /mozilla public license,?\s+(?:version|v\.) ?2\.0/],
  ["Apache-2.0", /apache license,?\s+version 2\.0/],
  ["PSF-2.0", /python software foundation license version 2/],
  ["Unlicense", /this is free and unencumbered software released into the public domain/],
  [
    "ISC",
    /permission to use, copy, modify, and(?:\/or)? distribute this software for any purpose with or without fee/,
  ],
  ["MIT", /permission is hereby granted, free of charge, to any person obtaining a copy of this software/],
  ["BSD-3-Clause", /redistribution and use in source and binary forms[\s\S]*neither the name/],
  ["BSD-2-Clause", /redistribution and use in source and binary forms/],
];

/** SPDX identifier of a licence text, or null when it is none of the common ones. */
export function licenceOf(text: string): string | null {
  const plain = text.slice(0, 60_000).toLowerCase().replace(/\s+/g, " ");
  return PHRASES.find(([, phrase]) => phrase.test(plain))?.[0] ?? null;
}

/** Copyright lines of a licence text, for notices; at most three. */
export function copyrightsOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => /^copyright\b.*\d{4}/i.test(line)).slice(0, 3);
}

/** What a licence file says. */
export interface Licence {
  readonly spdx: string | null;
  readonly copyrights: readonly string[];
}

/** The licence in a file's text. */
export function readLicence(text: string): Licence {
  return { spdx: licenceOf(text), copyrights: copyrightsOf(text) };
}

/** The licence of the nearest folder above a file that has one; folders are `/`-separated, `""` is the root. */
export function nearestLicence(file: string, licences: ReadonlyMap<string, Licence>): Licence | null {
  for (let folder = file; folder !== "";) {
    folder = folder.includes("/") ? folder.slice(0, folder.lastIndexOf("/")) : "";
    const licence = licences.get(folder);
    if (licence) return licence;
  }
  return null;
}

/** Attribution lines for functions from the project `name` with these licences by folder. */
export function noticesOf(name: string, licences: ReadonlyMap<string, Licence>): string[] {
  const found = [...licences].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = found.map(([folder, { spdx, copyrights }]) => {
    const where = folder === "" ? name : `${name}/${folder}`;
    return [`Functions from ${where}: ${spdx ?? "licence not recognised"}`, ...copyrights].join("; ");
  });
  return lines.length > 0 ? lines : [`Functions from ${name}: no licence file found`];
}
