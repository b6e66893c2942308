// Our conversion in a process of its own: processor seconds and peak memory.
import { convertModel } from "../../../dist/model/conversion.js";

const [model, out, dtype] = process.argv.slice(2);
await convertModel(model, out, { dtype });
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({ cpuSeconds: (user + system) / 1e6, rssMb: process.resourceUsage().maxRSS / 1_024 }),
);
