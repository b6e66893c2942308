import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { openTemplate, type TemplateValues } from "../../src/instruct/template.js";

async function rendered(text: string, values: TemplateValues): Promise<string> {
  return (await openTemplate("layout.jinja", text)).render(values);
}

async function refusal(text: string, values: TemplateValues = {}): Promise<string> {
  try {
    await rendered(text, values);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error("was rendered");
}

describe("a template", () => {
  it("leaves no trace of lines with nothing but a tag, and keeps all others", async () => {
    const text =
      "{# a note #}\nTop\n\n{% for shot in shots %}\n## {{ loop.index }}\n{{ shot.code }}\n\n{% endfor %}\nEnd";
    const shots = [{ code: "if x:\n    y()" }, { code: "{{ not a tag }}" }];
    expect(await rendered(text, { shots })).toBe(
      "Top\n\n## 1\nif x:\n    y()\n\n## 2\n{{ not a tag }}\n\nEnd",
    );
  });

  it("knows conditions, filters, assignments, macros and strings with braces", async () => {
    const text = [
      "{% set marks = 3 %}{% macro twice(word) %}{{ word }}{{ word }}{% endmacro %}",
      '{% if marks > 2 and name is defined %}{{ name | upper }}{% else %}none{% endif %} {{ twice("}}") }} {{ (shots | length) + 1 }}',
    ].join("\n");
    expect(await rendered(text, { name: "ann", shots: [{}, {}] })).toBe("ANN }}}} 3");
  });

  it("refuses to show a name without a value, and says where and which names there are", async () => {
    expect(await refusal("one\ntwo {{ name }}\n{{ nmae }}", { name: "x", other: 1 })).toBe(
      'template "layout.jinja" line 3: a name has no value here; the names are: name, other; mend the template',
    );
    expect(
      await refusal("{% for shot in shots %}\n\n{{ shot.cod }}\n{% endfor %}", { shots: [{ code: "x" }] }),
    ).toContain("line 3: a name has no value here");
    expect(await refusal("{{ shots }}", { shots: [{}] })).toContain(
      "line 1: only text and numbers can be shown",
    );
  });

  it.each([
    ["a filter that there is not", "a\n{{ name | shout }}\nb", 2],
    ["a loop over nothing", "a\n\n{% for shot in shotz %}\n{{ shot }}\n{% endfor %}", 3],
    ["an error that it raises itself", 'a\n{% if true %}\n{{ raise_exception("no") }}\n{% endif %}', 3],
    ["a statement that there is not", "a\n{% unless name %}\nb\n{% endunless %}", 2],
    ["an expression that ends too soon", "a\nb\n{{ name + }}\nc", 3],
    ["a character that has no meaning", "a\nb {{ name ? }}\nc\n{{ name }}", 2],
    ["a string that does not end", 'a\n{{ "name }}\nc', 2],
    ["a comment that does not end", "a\nb\n{# c\nd", 3],
    ["a loop that does not end", "a\n{% for shot in shots %}\nb", 2],
    ["an end without a beginning", "a\n{% endfor %}\nb", 2],
  ])("names the line of %s", async (_, text, line) => {
    const message = await refusal(text, { name: "x", shots: [] });
    expect(message).toMatch(new RegExp(`^template "layout.jinja" line ${line}: .+; mend the template$`));
  });
});
