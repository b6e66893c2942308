import { expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { openSketches } from "../../src/overlap/sketches.js";

it("finds what a map of band bytes finds, while its tables grow", () => {
  const [bands, rows] = [3, 2];
  const sketches = openSketches({ bands, rows }, 16);
  const maps = Array.from({ length: bands }, () => new Map<string, number[]>());
  const next = uniforms(1, "sketches");
  const keyOf = (sketch: Uint8Array, band: number): string =>
    sketch.subarray(band * rows, (band + 1) * rows).join(",");
  for (let text = 0; text < 20_000; text++) {
    const sketch = Uint8Array.from({ length: 16 }, () => Math.floor(next() * 100));
    maps.forEach((map, band) => {
      const found: number[] = [];
      sketches.search(band, sketch, (candidate) => found.push(candidate));
      expect(found.sort((a, b) => a - b)).toEqual(map.get(keyOf(sketch, band)) ?? []);
    });
    expect(sketches.store(sketch)).toBe(text);
    maps.forEach((map, band) => {
      // Every third text is left out of a band.
      if ((text + band) % 3 === 0) return;
      sketches.insert(band, text);
      map.set(keyOf(sketch, band), [...(map.get(keyOf(sketch, band)) ?? []), text]);
    });
    if (text % 1_000 === 0) expect(sketches.sketchOf(text)).toEqual(sketch);
  }
  expect(sketches.size()).toBe(20_000);
});
