// A node of the syntax tree as a plain object, copied out of WebAssembly, and what it takes from the text it stands in.

/** Row and column from 0; the column counts UTF-16 units. */
export interface Position {
  readonly row: number;
  readonly column: number;
}

/** A node of the tree; indices are UTF-16 offsets into the text. */
export interface SyntaxNode {
  /** Name in the grammar, e.g. `function_definition`; for keywords and punctuation the text itself. */
  readonly type: string;
  readonly isNamed: boolean;
  /** Name of the role in the parent, e.g. `body`; null where the grammar gives none. */
  readonly field: string | null;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly startPosition: Position;
  readonly endPosition: Position;
  readonly parent: SyntaxNode | null;
  readonly children: readonly SyntaxNode[];
  readonly childCount: number;
  readonly namedChildren: readonly SyntaxNode[];
  /** Named children without comments and line continuations. */
  readonly codeChildren: readonly SyntaxNode[];
  /** True when this node or one below it is an error, is missing, or lies deeper than `MAX_DEPTH`. */
  readonly hasError: boolean;
  readonly text: string;
  child(index: number): SyntaxNode | null;
  childForFieldName(name: string): SyntaxNode | null;
  childrenForFieldName(name: string): readonly SyntaxNode[];
  equals(other: SyntaxNode): boolean;
}

/** Offsets and text shared by the nodes of one tree. */
export class Source {
  private lines: number[] | null = null;
  constructor(readonly text: string) {}

  /** Row and column of an offset, by binary search over line starts. */
  position(index: number): Position {
    this.lines ??= lineStarts(this.text);
    let low = 0;
    let high = this.lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.lines[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return { row: low, column: index - (this.lines[low] ?? 0) };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Of all leaves, which are most of a tree. */
const NO_CHILDREN: readonly CopiedNode[] = [];

/** A node as a plain object, the last child of its parent. `hasError` is filled in by who copies the tree. */
export class CopiedNode implements SyntaxNode {
  private own: CopiedNode[] | null = null;
  hasError = false;
  constructor(
    private readonly source: Source,
    readonly type: string,
    readonly isNamed: boolean,
    readonly field: string | null,
    readonly startIndex: number,
    readonly endIndex: number,
    readonly parent: CopiedNode | null,
  ) {
    if (parent) (parent.own ??= []).push(this);
  }

  get children(): readonly CopiedNode[] {
    return this.own ?? NO_CHILDREN;
  }

  get startPosition(): Position {
    return this.source.position(this.startIndex);
  }
  get endPosition(): Position {
    return this.source.position(this.endIndex);
  }
  get childCount(): number {
    return this.children.length;
  }
  get namedChildren(): readonly CopiedNode[] {
    return this.children.filter((child) => child.isNamed);
  }
  get codeChildren(): readonly CopiedNode[] {
    return this.children.filter(
      (child) => child.isNamed && child.type !== "comment" && child.type !== "line_continuation",
    );
  }
  get text(): string {
    return this.source.text.slice(this.startIndex, this.endIndex);
  }
  child(index: number): CopiedNode | null {
    return this.children[index] ?? null;
  }
  childForFieldName(name: string): CopiedNode | null {
    return this.children.find((child) => child.field === name) ?? null;
  }
  childrenForFieldName(name: string): readonly CopiedNode[] {
    return this.children.filter((child) => child.field === name);
  }
  equals(other: SyntaxNode): boolean {
    return this === other;
  }
}
