import { expect, it } from "vitest";
import { placesOf } from "../../src/onnx/external.js";

it("places weights one behind the other, big ones at pages and small ones at cache lines", () => {
  const { places, bytes } = placesOf("data", [
    ["small", 10],
    ["next", 64],
    ["big", 2 ** 20],
    ["behind", 1],
    ["nothing", 0],
  ]);
  expect([...places]).toEqual([
    ["small", { location: "data", offset: 0, length: 10 }],
    ["next", { location: "data", offset: 64, length: 64 }],
    ["big", { location: "data", offset: 4_096, length: 2 ** 20 }],
    ["behind", { location: "data", offset: 4_096 + 2 ** 20, length: 1 }],
    ["nothing", { location: "data", offset: 4_160 + 2 ** 20, length: 0 }],
  ]);
  expect(bytes).toBe(4_160 + 2 ** 20);
  expect(placesOf("data", []).bytes).toBe(0);
});
