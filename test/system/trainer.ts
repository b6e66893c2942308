// A process that trains the small learner, slowly enough to be stopped in the middle. It is compiled on the way, so it
// imports types only; its arguments say where the rest lies: the built manager, the compiled learner, the run's folder.
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type * as Manager from "../../src/train/fit.js";
import type * as Toy from "../train/toy.js";

const [manager = "", toy = "", folder = ""] = process.argv.slice(2);
const { fit } = (await import(pathToFileURL(manager).href)) as typeof Manager;
const { toyData, toyLearner } = (await import(pathToFileURL(toy).href)) as typeof Toy;

const learner = toyLearner();
const slow: typeof learner = {
  ...learner,
  async step(batches, rate) {
    await setTimeout(4);
    return learner.step(batches, rate);
  },
};
const schedule = (step: number): number => 0.03 / (1 + step / 50);
const options = { folder, steps: 150, schedule, facts: { seed: 1 }, evaluateEvery: 10, checkpointEvery: 6 };
try {
  console.log(JSON.stringify(await fit(slow, toyData(), options)));
} catch (error) {
  console.error(String(error));
  process.exitCode = error instanceof Error && error.name === "Interrupted" ? 130 : 1;
}
