// Light programs of the kind that a model is asked for, made from patterns with changing constants; what they must
// return is computed here, in another language. Half of their tests are of numbers, half of texts and lists.

/** How many are made. */
const PROGRAMS = 200;

const patterns = [
  (k) => ({
    body: `return (x * ${k + 2} + ${k}) % 97`,
    inputs: [k, 3 * k + 1, 50],
    value: (x) => (x * (k + 2) + k) % 97,
  }),
  (k) => ({
    body: `return sum(i * i for i in range(x) if i % ${k + 2} == 0)`,
    inputs: [0, 10, 40],
    value: (x) => Array.from({ length: x }, (_, i) => (i % (k + 2) === 0 ? i * i : 0)).reduce(sum, 0),
  }),
  (k) => ({
    before: "import math",
    body: `return math.gcd(x, ${12 * (k + 1)})`,
    inputs: [6, 18, 35],
    value: (x) => gcd(x, 12 * (k + 1)),
  }),
  (k) => ({
    before: "def digits(x, base):\n    return [x] if x < base else digits(x // base, base) + [x % base]",
    body: `return digits(x, ${k + 2})`,
    inputs: [0, 77, 1234],
    value: (x) => Array.from(digits(x, k + 2)),
  }),
  (k) => ({
    before: "import re",
    body: `return re.sub(r"[aeiou]", "${"*".repeat((k % 3) + 1)}", x)`,
    inputs: ["banana", "sky", ""],
    value: (x) => x.replaceAll(/[aeiou]/gu, "*".repeat((k % 3) + 1)),
  }),
  (k) => ({
    before: "from collections import Counter",
    body: `return sorted(word for word, n in Counter(x.split()).items() if n > ${k % 2})`,
    inputs: ["a b a", "c", "b b a a c"],
    value: (x) => repeated(x.split(" "), k % 2),
  }),
  (k) => ({
    before: `class Stack:\n    def __init__(self):\n        self.items = []\n    def push(self, item):\n        self.items.append(item + ${k})\n        return self`,
    body: "return Stack().push(x).push(x).items",
    inputs: [0, 5, -5],
    value: (x) => [x + k, x + k],
  }),
  (k) => ({
    before:
      "import functools\n\n@functools.lru_cache(None)\ndef ways(n):\n    return 1 if n < 2 else ways(n - 1) + ways(n - 2)",
    body: `return ways(x + ${k % 5})`,
    inputs: [1, 8, 20],
    value: (x) => ways(x + (k % 5)),
  }),
];

/** Always the same ones. */
export function lightPrograms() {
  return Array.from({ length: PROGRAMS }, (_, at) => {
    const k = Math.floor(at / patterns.length);
    const { before, body, inputs, value } = patterns[at % patterns.length](k);
    const head = before === undefined ? "" : `${before}\n\n`;
    const line = (input) => `assert f(${JSON.stringify(input)}) == ${JSON.stringify(value(input))}\n`;
    return {
      name: `light-${at}`,
      code: `${head}def f(x):\n    ${body}\n`,
      tests: inputs.map(line).join(""),
      entryPoint: "f",
    };
  });
}

function sum(a, b) {
  return a + b;
}

function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}

function digits(x, base) {
  return x < base ? [x] : [...digits(Math.floor(x / base), base), x % base];
}

function repeated(words, least) {
  const often = (word) => words.filter((other) => other === word).length > least;
  return [...new Set(words.filter(often))].sort();
}

function ways(n) {
  return n < 2 ? 1 : ways(n - 1) + ways(n - 2);
}
