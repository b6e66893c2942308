import { describe, expect, it } from "vitest";
import { hubLicence, hubName } from "../../src/dataset/licences.js";

describe("hubName", () => {
  it.each([
    ["MIT", "mit"],
    ["Apache-2.0", "apache-2.0"],
    ["BSD-3-Clause", "bsd-3-clause"],
    ["GPL-3.0-or-later", "gpl-3.0"],
    ["LGPL-2.1-only", "lgpl-2.1"],
    ["Unlicense", "unlicense"],
    ["PSF-2.0", "other"],
    ["MIT OR Apache-2.0", "other"],
    ["unknown", "unknown"],
  ])("calls %s %s", (spdx, name) => {
    expect(hubName(spdx)).toBe(name);
  });
});

describe("hubLicence", () => {
  it("names what the Hub has no word for, and links it", () => {
    expect(hubLicence(["PSF-2.0"])).toEqual({
      identifiers: ["other"],
      name: "psf-2.0",
      link: "https://docs.python.org/3/license.html",
    });
  });

  it("lists every licence of a mixed dataset once", () => {
    expect(hubLicence(["MIT", "unknown", "GPL-3.0-only", "GPL-3.0-or-later"])).toEqual({
      identifiers: ["gpl-3.0", "mit", "unknown"],
      name: null,
      link: null,
    });
    expect(hubLicence(["PSF-2.0", "MIT", "Custom Licence: 1"])).toMatchObject({
      identifiers: ["mit", "other"],
      name: "custom-licence-1-and-psf-2.0",
      link: null,
    });
  });

  it("is unknown where there is nothing", () => {
    expect(hubLicence([]).identifiers).toEqual(["unknown"]);
  });
});
