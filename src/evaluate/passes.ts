// How often at least one of k samples is right, from how often one of n was. Pure.

/**
 * Unbiased estimate of the probability that one of `k` samples passes, from `passed` of `samples`:
 * 1 - C(samples - passed, k) / C(samples, k), as a product that neither overflows nor cancels (Chen et al. 2021,
 * https://arxiv.org/abs/2107.03374, section 2.1). Needs `k` of 1 to `samples`.
 */
export function passAt(k: number, samples: number, passed: number): number {
  if (samples - passed < k) return 1;
  let none = 1;
  for (let n = samples - passed + 1; n <= samples; n++) none *= 1 - k / n;
  return 1 - none;
}

/** A mean over tasks, and where it lies with 95 % confidence if the tasks are a sample of all such tasks. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Quantile of the normal distribution for 95 %, both sides. */
const Z = 1.959963984540054;

/**
 * The mean of values between 0 and 1, with Wilson's score interval (https://doi.org/10.1080/01621459.1927.10502953). It is
 * meant for shares of yes and no; values in between vary less around the same mean, so that it is rather too wide for them.
 */
export function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const value = values.reduce((sum, each) => sum + each, 0) / n;
  const middle = (value + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((value * (1 - value)) / n + Z ** 2 / (4 * n ** 2));
  // At the ends rounding misses them by a hair.
  return {
    value,
    low: Math.max(0, Math.min(value, middle - half)),
    high: Math.min(1, Math.max(value, middle + half)),
  };
}

/**
 * How much the first share is above the second, from their Wilson intervals (Newcombe 1998, method 10,
 * https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I). It is meant for independent shares;
 * where both are of the same tasks, which are hard for either, it is rather too wide. Unlike a bootstrap's it has a width
 * where nothing passed.
 */
export function shareDifference(first: Estimate, second: Estimate): Estimate {
  const value = first.value - second.value;
  return {
    value,
    low: value - Math.hypot(first.value - first.low, second.high - second.value),
    high: value + Math.hypot(first.high - first.value, second.value - second.low),
  };
}
