import js from "@eslint/js";
import tseslint from "typescript-eslint";

const node = {
  globals: {
    console: "readonly",
    process: "readonly",
    Buffer: "readonly",
    URL: "readonly",
    performance: "readonly",
    setTimeout: "readonly",
    clearTimeout: "readonly",
    setInterval: "readonly",
    clearInterval: "readonly",
    setImmediate: "readonly",
    WebAssembly: "readonly",
    structuredClone: "readonly",
    require: "readonly",
    fetch: "readonly",
    AbortController: "readonly",
  },
};

export default tseslint.config(
  { ignores: ["dist", "node_modules", "data/runs", "reports", "coverage"] },
  js.configs.recommended,
  {
    files: ["src/**/*.ts", "test/**/*.ts", "vitest.config.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: "./tsconfig.test.json", tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  { files: ["src/**/*.ts"], rules: { "@typescript-eslint/explicit-module-boundary-types": "error" } },
  {
    files: ["**/*.mjs", "**/*.cjs", "**/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: node,
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);
