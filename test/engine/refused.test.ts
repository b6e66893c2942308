import { expect, it } from "vitest";
import { besideRefused, refusals } from "../../src/engine/refused.js";

it("tells a refusal while the next row is still being waited for", async () => {
  const refused = refusals();
  let release = (): void => undefined;
  const late = new Promise<void>((resolve) => (release = resolve));
  async function* rows(): AsyncGenerator<string> {
    await late;
    yield "row";
  }
  const told = besideRefused(rows(), refused);
  const first = told.next();
  refused.add({ key: "a", reason: "prompt-too-long", detail: "" });
  expect((await first).value).toMatchObject({ key: "a" });
  refused.add({ key: "b", reason: "prompt-too-long", detail: "" });
  expect((await told.next()).value).toMatchObject({ key: "b" });
  release();
  expect((await told.next()).value).toBe("row");
  expect((await told.next()).done).toBe(true);
});
