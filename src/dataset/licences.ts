// What the Hub calls a licence. In: SPDX identifiers of rows. Out: the licence fields of a dataset card's header.
// The Hub's list: https://huggingface.co/docs/hub/repositories-licenses (it has no name for Python's own licence).

/** Licences whose SPDX identifier in lower case is the Hub's name. */
const sameName = new Set(
  (
    "apache-2.0 mit afl-3.0 artistic-2.0 bsl-1.0 bsd-2-clause bsd-3-clause bsd-3-clause-clear cc0-1.0 cc-by-2.0 " +
    "cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 " +
    "agpl-3.0 gpl-2.0 gpl-3.0 lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 osl-3.0 postgresql ofl-1.1 " +
    "ncsa unlicense zlib"
  ).split(" "),
);

/** Texts of licences that the Hub has no name for. */
const links: Readonly<Record<string, string>> = { "PSF-2.0": "https://docs.python.org/3/license.html" };

/** Licence fields of a header; `name` and `link` go with `other`. */
export interface HubLicence {
  /** The Hub's names, sorted; `other` for one that it does not know, `unknown` where a row has none. */
  readonly identifiers: readonly string[];
  readonly name: string | null;
  readonly link: string | null;
}

/** The Hub's name of an SPDX identifier (`GPL-3.0-or-later` is `gpl-3.0`), `other`, or `unknown` for `unknown`. */
export function hubName(spdx: string): string {
  if (spdx === "unknown") return spdx;
  const name = spdx.toLowerCase().replace(/-(?:only|or-later)$/u, "");
  return sameName.has(name) ? name : "other";
}

/** Fields for rows under these licences (`unknown` for none); no rows are `unknown` too. */
export function hubLicence(licences: readonly string[]): HubLicence {
  const identifiers = [...new Set(licences.map(hubName))].sort();
  const others = licences.filter((spdx) => hubName(spdx) === "other").sort();
  const [first] = others;
  return {
    identifiers: identifiers.length > 0 ? identifiers : ["unknown"],
    name:
      first === undefined
        ? null
        : others
            .join(" and ")
            .toLowerCase()
            .replace(/[^a-z0-9.+]+/gu, "-"),
    link: first !== undefined && others.length === 1 ? (links[first] ?? null) : null,
  };
}
