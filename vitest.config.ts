import { defineConfig } from "vitest/config";

// `unit` runs in parallel and needs nothing but Node. `system` starts sandboxes, browsers and whole runs, one file at a
// time, so that they don't disturb one another. `accept` holds the long checks of `npm run accept`.
const serial = { fileParallelism: false, hookTimeout: 600_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/system/**", "test/accept/**"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...serial,
          name: "system",
          include: ["test/system/**/*.test.ts"],
          testTimeout: 1_200_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...serial,
          name: "accept",
          include: ["test/accept/**/*.test.ts"],
          testTimeout: 7_200_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
