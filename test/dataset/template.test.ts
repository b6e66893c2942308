import { describe, expect, it } from "vitest";
import { parseTemplate, TRAINING_TEMPLATE } from "../../src/dataset/template.js";

describe("parseTemplate", () => {
  it("shows the model everything before the response, and lets it write the rest", () => {
    const { prompt, completion } = parseTemplate("Q: {{ instruction }}\nA: {{response}}\n--\n");
    expect(prompt("Add.")).toBe("Q: Add.\nA: ");
    expect(completion("a + b")).toBe("a + b\n--");
  });

  it("has a template of its own: a sentence, the instruction, the response at the very end", () => {
    const { prompt, completion } = parseTemplate(TRAINING_TEMPLATE);
    expect(prompt("Add.")).toMatch(/^[^\n]+\n\n### Instruction\nAdd\.\n\n### Response\n$/u);
    expect(completion("a + b\n")).toBe("a + b\n");
  });

  it("puts texts in as they are, whatever they hold", () => {
    const evil = "$& $1 {{ response }} {% if %}";
    const { prompt, completion } = parseTemplate("{{ instruction }}|{{ response }}");
    expect(prompt(evil)).toBe(`${evil}|`);
    expect(completion(evil)).toBe(evil);
  });

  it("reads line breaks as Jinja does", () => {
    const { prompt, completion } = parseTemplate("a\r\n{{\ninstruction }}\r{{ response }}\r\n\r\n");
    expect(prompt("x") + completion("y")).toBe("a\nx\ny\n");
  });

  it.each([
    "",
    "{{ instruction }}",
    "{{ response }}",
    "{{ response }} {{ instruction }}",
    "{{ instruction }} {{ response }} {{ response }}",
    "{{ system }} {{ instruction }} {{ response }}",
    "{{ instruction | trim }} {{ response }}",
    "{{- instruction }} {{ response }}",
    "{{{ instruction }} {{ response }}",
    "{% if x %}{% endif %}{{ instruction }} {{ response }}",
    "{{ instruction }}{# note #}{{ response }}",
    "{{ instruction }}{{ response }}{{",
    "{instruction} {response}",
  ])("refuses %j", (template) => {
    expect(() => parseTemplate(template)).toThrow(
      /^a template must hold \{\{ instruction \}\} and after it/u,
    );
  });
});
