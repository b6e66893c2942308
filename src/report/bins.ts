// Numbers to bins, so that a chart carries a few dozen bars and not every value of the run. Steps are round
// (1, 2 or 5 times a power of ten), bins start at multiples of the step, whole numbers keep whole bins.

export interface Bins {
  /** Lower edge of the first bin. */
  readonly start: number;
  /** Width of every bin; a bin holds start <= value < start + step, the last one of fractions its end as well. */
  readonly step: number;
  readonly counts: readonly number[];
  /** True when all values are whole numbers. */
  readonly whole: boolean;
  /** Values that were not finite, left out. */
  readonly dropped: number;
}

/** At most about `most` bins (24) over the finite values; null where there are none. */
export function binned(values: readonly number[], most = 24): Bins | null {
  const finite = values.filter((value) => Number.isFinite(value));
  if (finite.length === 0) return null;
  const { low, high } = rangeOf(finite);
  const whole = finite.every((value) => Number.isInteger(value));
  const step = whole ? Math.max(1, roundStep((high - low + 1) / most)) : roundStep((high - low) / most || 1);
  const first = indexOf(low, step);
  // A share of 1 belongs to the bin that ends there, not to one of its own beyond.
  const last = whole ? indexOf(high, step) : Math.max(first, -indexOf(-high, step) - 1);
  const counts = new Array<number>(last - first + 1).fill(0);
  for (const value of finite) {
    const bin = Math.min(indexOf(value, step), last) - first;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { start: round(first * step), step, counts, whole, dropped: values.length - finite.length };
}

/** Range of bin `index` in words: `3`, `4–5` for whole numbers, `0.2–0.4` otherwise. */
export function binLabel(bins: Bins, index: number): string {
  const from = round(bins.start + index * bins.step);
  const to = round(from + bins.step - (bins.whole ? 1 : 0));
  return from === to ? String(from) : `${from}–${to}`;
}

/** Middle of bin `index` on the axis. */
export function binCentre(bins: Bins, index: number): number {
  return round(bins.start + (index + 0.5) * bins.step - (bins.whole ? 0.5 : 0));
}

/** The median of the finite values; null where there are none. */
export function median(values: readonly number[]): number | null {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? null : round((upper + lower) / 2);
}

/** The bin a value falls into; 0.3 / 0.1 is 2.9999999999999996, hence the nudge. */
function indexOf(value: number, step: number): number {
  return Math.floor(value / step + 1e-9);
}

function rangeOf(values: readonly number[]): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

function roundStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const nice = [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10;
  return round(nice * power);
}

/** Binary noise off: 0.30000000000000004 is 0.3. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}
