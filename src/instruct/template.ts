// A prompt's layout: Jinja that a researcher edits. Rendered strictly: a name that is nowhere defined is an error where it
// would be shown, not an empty place in the prompt, and every error says in which line of which file.
// Source of the language: https://jinja.palletsprojects.com/en/stable/templates/, as far as @huggingface/jinja has it.
import { InputError } from "../core/errors.js";

/** What we use of the package; its own declarations of lexer and parser can't be resolved by Node's rules. */
interface Jinja {
  readonly Template: new (text: string) => {
    parsed: unknown;
    render: (values: Readonly<Record<string, unknown>>) => string;
  };
  readonly tokenize: (text: string, options: typeof TRIMMED) => Token[];
  readonly parse: (tokens: readonly Token[]) => unknown;
}

interface Token {
  readonly type: string;
  readonly value: string;
}

/** A token, and the line of the tag in which it stands; of text, the line of the tag before it. */
interface Placed extends Token {
  readonly line: number;
}

/** What a template can name: texts, numbers, and lists of such records. */
export interface TemplateValues {
  readonly [name: string]: string | number | readonly TemplateValues[];
}

export interface Template {
  /** @throws InputError naming file and line, for what can't be rendered with these values. */
  readonly render: (values: TemplateValues) => string;
}

/**
 * Reads a template; `file` is what errors call it.
 * @throws InputError naming file and line, for what is not Jinja.
 */
export async function openTemplate(file: string, text: string): Promise<Template> {
  const jinja: Jinja = await import("@huggingface/jinja");
  const template = new jinja.Template("");
  const tokens = watched(placed(jinja, file, text));
  let reached = 0;
  const reader = new Proxy(tokens, {
    get(all, key): unknown {
      if (typeof key === "string" && /^\d+$/.test(key)) reached = Math.max(reached, Number(key));
      return Reflect.get(all, key);
    },
  });
  try {
    template.parsed = jinja.parse(reader);
  } catch (cause) {
    const line = tokens[Math.min(reached, tokens.length - 1)]?.line ?? 1;
    // The parser runs off the end of what was never closed.
    throw refusal(file, line, cause instanceof TypeError ? "a block is not closed" : messageOf(cause), cause);
  }
  return { render: (values) => rendered(template, file, values) };
}

function rendered(template: InstanceType<Jinja["Template"]>, file: string, values: TemplateValues): string {
  let line = 1;
  const at = (now: number): string => {
    line = now;
    return "";
  };
  const shown = (value: unknown): string => {
    if (typeof value === "string" || typeof value === "number") return String(value);
    const names = Object.keys(values).join(", ");
    throw new Error(
      `${value === undefined ? "a name has no value here" : "only text and numbers can be shown"}; ` +
        `the names are: ${names === "" ? "none" : names}`,
    );
  };
  try {
    return template.render({ ...values, [AT]: at, [SHOWN]: shown });
  } catch (cause) {
    throw refusal(file, line, messageOf(cause), cause);
  }
}

/** As transformers read chat templates: a line with nothing but a tag leaves no trace. */
const TRIMMED = { lstrip_blocks: true, trim_blocks: true } as const;

/** Tokens with their lines. The lexer does not know lines, so it reads the text up to the end of each. */
function placed({ tokenize }: Jinja, file: string, text: string): Placed[] {
  const lines = text.split("\n");
  /** Line of each tag. */
  const tags: number[] = [];
  let readable = 0;
  let problem: unknown = null;
  lines.forEach((_, at) => {
    try {
      const opened = tokenize(lines.slice(0, at + 1).join("\n"), TRIMMED).filter(isOpener).length;
      while (tags.length < opened) tags.push(at + 1);
      readable = at + 1;
    } catch (cause) {
      problem = cause;
    }
  });
  if (readable < lines.length) throw refusal(file, readable + 1, messageOf(problem), problem);
  let tag = -1;
  return tokenize(text, TRIMMED).map((token) => {
    if (isOpener(token)) tag++;
    return { ...token, line: tags[tag] ?? 1 };
  });
}

function isOpener({ type }: Token): boolean {
  return type === "OpenStatement" || type === "OpenExpression";
}

/** Names of two functions of ours, which no template can write. */
const AT = " at";
const SHOWN = " shown";

/** The same with `{{ at(line) }}` before each tag, and `{{ shown((value)) }}` for each `{{ value }}`. */
function watched(tokens: readonly Placed[]): Placed[] {
  return tokens.flatMap((token) => {
    const of = (type: Token["type"], value: string): Placed => ({ type, value, line: token.line });
    const open = of("OpenParen", "(");
    const close = of("CloseParen", ")");
    if (token.type === "CloseExpression") return [close, close, token];
    if (!isOpener(token)) return [token];
    const line = of("NumericLiteral", String(token.line));
    const place = [of("Identifier", AT), open, line, close];
    return [
      of("OpenExpression", "{{"),
      ...place,
      of("CloseExpression", "}}"),
      token,
      ...(token.type === "OpenExpression" ? [of("Identifier", SHOWN), open, open] : []),
    ];
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function refusal(file: string, line: number, problem: string, cause: unknown): InputError {
  return new InputError(`template "${file}" line ${line}: ${problem}; mend the template`, { cause });
}
