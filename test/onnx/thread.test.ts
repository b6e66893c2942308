// A thread that answers is a small script of our own: the runtime's own thread can't be made to die.
import { expect, it } from "vitest";
import { openThread, type Thread } from "../../src/onnx/thread.js";

const file = new URL("../fixtures/threads/answering.mjs", import.meta.url);
const open = (): Thread<unknown, unknown> =>
  openThread(file, "started", (cause) => new Error("it died", { cause }));

it("says that it is ready, answers one question after the other, and ends when it is told to", async () => {
  const listeners = process.listenerCount("exit");
  const thread = open();
  expect(await thread.ready).toBe("started");
  expect(process.listenerCount("exit")).toBe(listeners + 1);
  const moved = Float32Array.of(1, 2);
  expect(await thread.ask(moved, [moved.buffer])).toEqual(Float32Array.of(1, 2));
  expect(moved.length).toBe(0);
  expect(await thread.ask("again")).toBe("again");
  thread.tell("close");
  await thread.ended;
  expect(process.listenerCount("exit")).toBe(listeners);
  await expect(thread.ask("too late")).rejects.toThrow("it died");
});

it.each(["end", "throw"])("rejects who waits when it dies (%s), and who asks later", async (end) => {
  const thread = open();
  await thread.ready;
  const answer = thread.ask(end);
  await expect(answer).rejects.toThrow("it died");
  await expect(thread.ask("still there?")).rejects.toThrow("it died");
  await expect(answer).rejects.toHaveProperty(
    "cause.message",
    end === "throw" ? "a fault inside" : "the thread ended with code 3",
  );
  await thread.ended;
});

it("rejects who waits for a thread that can't be started", async () => {
  const thread = openThread(new URL("absent.mjs", file), null, () => new Error("it died"));
  await expect(thread.ready).rejects.toThrow("it died");
});

it("goes on after a question that can't be sent", async () => {
  const thread = open();
  await thread.ready;
  await expect(thread.ask(() => undefined)).rejects.toThrow("could not be cloned");
  expect(await thread.ask("next")).toBe("next");
  thread.tell("close");
  await thread.ended;
});
