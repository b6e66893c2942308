import { describe, expect, it } from "vitest";
import { initialNumbers, type Initial } from "../../src/grad/parameters.js";

const drawn = (initial: Initial, dims: readonly number[], name = "a", seed = 1): Float32Array =>
  initialNumbers({ name, dims, initial, decayed: true }, seed);

function moments(numbers: Float32Array): { mean: number; deviation: number } {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const square = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length;
  return { mean, deviation: Math.sqrt(square) };
}

describe("the first numbers of a parameter", () => {
  it("are normal with the deviation that is asked for", () => {
    const numbers = drawn({ kind: "normal", deviation: 0.02 }, [301, 99]);
    const { mean, deviation } = moments(numbers);
    expect(Math.abs(mean)).toBeLessThan(4 * (0.02 / Math.sqrt(numbers.length)));
    expect(deviation / 0.02).toBeCloseTo(1, 1);
    const within = numbers.filter((value) => Math.abs(value) < 0.02).length / numbers.length;
    expect(within).toBeCloseTo(0.6827, 2);
  });

  it("are spread evenly within Xavier's bound", () => {
    const numbers = drawn({ kind: "xavier" }, [100, 200]);
    const bound = Math.sqrt(6 / 300);
    expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
    expect(moments(numbers).deviation).toBeCloseTo(bound / Math.sqrt(3), 3);
  });

  it("are one number where that is asked for", () => {
    expect(drawn({ kind: "constant", value: 1 }, [3])).toEqual(Float32Array.of(1, 1, 1));
  });

  it("are the same for a seed and a name, and others for others", () => {
    const normal: Initial = { kind: "normal", deviation: 1 };
    expect(drawn(normal, [50])).toEqual(drawn(normal, [50]));
    expect(drawn(normal, [50], "b")).not.toEqual(drawn(normal, [50]));
    expect(drawn(normal, [50], "a", 2)).not.toEqual(drawn(normal, [50]));
  });
});
