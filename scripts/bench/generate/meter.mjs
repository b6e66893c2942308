// What every contestant's process does alike: reads its job from the command line, makes the prompts, warms up with a short
// text, takes the times when the prompts are through and when the texts are, and prints what it measured.
import { uniforms } from "../../../dist/core/random.js";

/** Tokens of the short text, prompt and new ones. */
const WARM_UP = 8;

/**
 * Measures `generate(prompts, tokens, mark)`, which gives the tokens of each row and calls `mark(left)` once, when the prompts
 * are through and `left` tokens of each row are still to come.
 */
export async function measure({ vocabulary, batch, promptTokens, newTokens }, generate) {
  const next = uniforms(7, "prompts");
  const promptsOf = (rows, length) =>
    Array.from({ length: rows }, () =>
      Array.from({ length }, () => 1 + Math.floor(next() * (vocabulary - 1))),
    );
  await generate(promptsOf(1, WARM_UP), WARM_UP, () => undefined);
  const prompts = promptsOf(batch, promptTokens);
  const begun = now();
  let [middle, steps] = [begun, newTokens];
  const mark = (left) => {
    middle = now();
    steps = left;
  };
  const tokens = await generate(prompts, newTokens, mark);
  const end = now();
  const measured = {
    prefillCpuMs: middle.cpu - begun.cpu,
    cpuMs: (end.cpu - middle.cpu) / steps,
    wallMs: (end.wall - middle.wall) / steps,
    rssMb: process.resourceUsage().maxRSS / 1_024,
    tokens,
  };
  console.log(JSON.stringify(measured));
}

export function jobOf() {
  return JSON.parse(process.argv[2] ?? "{}");
}

/** Milliseconds, of the clock and of all threads of this process. */
function now() {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1e3 };
}
