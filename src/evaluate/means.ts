// Means of a few repeated measurements, such as the losses of trainings that differ in nothing but their seed, and where they lie
// with 95 % confidence by Student's t (https://en.wikipedia.org/wiki/Student%27s_t-distribution). Pure.
import { InputError } from "../core/errors.js";
import type { Estimate } from "./passes.js";

/**
 * The mean of at least two values with its 95 % interval, if they are drawn independently from one normal distribution. It says
 * where the mean of more such values would lie; of what all of them have in common (data, tasks) it knows nothing.
 */
export function estimateMean(values: readonly number[]): Estimate {
  const n = values.length;
  if (n < 2) throw new InputError(`an interval needs at least two values, not ${n}: repeat with other seeds`);
  const value = values.reduce((sum, each) => sum + each, 0) / n;
  const variance = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / (n - 1);
  const half = studentQuantile(n - 1) * Math.sqrt(variance / n);
  return { value, low: value - half, high: value + half };
}

/**
 * How much higher the first values are than the second, pair by pair, with the 95 % interval of the differences' mean. What the
 * two of a pair have in common, as a seed's first weights, drops out.
 */
export function estimateDifference(first: readonly number[], second: readonly number[]): Estimate {
  if (first.length !== second.length)
    throw new InputError(
      `${first.length} and ${second.length} values are no pairs: give one of each per seed`,
    );
  return estimateMean(first.map((value, at) => value - (second[at] ?? NaN)));
}

/** The t that Student's distribution with so many degrees of freedom, 1 or more, stays within for 95 %, both sides. */
export function studentQuantile(degrees: number): number {
  // One degree of freedom has the widest: 12.706.
  let [low, high] = [0, 16];
  for (let halvings = 0; halvings < 60; halvings++) {
    const middle = (low + high) / 2;
    if (shareWithin(middle, degrees) < 0.95) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| <= t) for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4). */
function shareWithin(t: number, degrees: number): number {
  const angle = Math.atan2(t, Math.sqrt(degrees));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = degrees % 2;
  let term = odd === 1 ? cosine : 1;
  let sum = 0;
  for (let power = odd; power <= degrees - 2; power += 2) {
    sum += term;
    term *= ((power + 1) / (power + 2)) * cosine ** 2;
  }
  return odd === 1 ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}
