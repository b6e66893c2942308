import { expect, it } from "vitest";
import { remembered } from "../../src/validate/remembered.js";

it("works once for whoever asks at about the same time, and again after a failure", async () => {
  const worked: string[] = [];
  let broken = true;
  const work = remembered(async ({ key }: { readonly key: string }) => {
    worked.push(key);
    await Promise.resolve();
    if (key === "b" && broken) throw new Error("not now");
    return key.toUpperCase();
  });
  expect(await Promise.all([work({ key: "a" }), work({ key: "a" })])).toEqual(["A", "A"]);
  expect(await work({ key: "a" })).toBe("A");
  await expect(work({ key: "b" })).rejects.toThrow("not now");
  broken = false;
  expect(await work({ key: "b" })).toBe("B");
  expect(worked).toEqual(["a", "b", "b"]);
});

it("forgets what was asked long ago", async () => {
  let times = 0;
  const work = remembered(() => Promise.resolve(++times));
  for (let n = 0; n < 2_001; n++) await work({ key: String(n) });
  expect(await work({ key: "2000" })).toBe(2_001);
  expect(await work({ key: "0" })).toBe(2_002);
});
