; Queries over tree-sitter-python's trees. Each starts with a line `;; query: NAME`; src/python/syntax.ts cuts the
; file there and compiles each part by itself. Where two captures cover the same text, the inner node wins, and of
; two captures of one node the later pattern.

;; query: highlight
; What a reader of a report should tell apart; anything without a capture is plain.
(comment) @comment
(string) @string
(interpolation) @plain
(escape_sequence) @string
[(integer) (float)] @number
[(true) (false) (none) (ellipsis)] @keyword
[
  "and" "as" "assert" "async" "await" "break" "class" "continue" "def" "del" "elif" "else" "except" "finally" "for"
  "from" "global" "if" "import" "in" "is" "is not" "lambda" "nonlocal" "not" "not in" "or" "pass" "raise" "return"
  "try" "while" "with" "yield" "match" "case" "type"
] @keyword
[
  "+" "-" "*" "/" "//" "%" "**" "@" "|" "&" "^" "<<" ">>" "~" "<" "<=" "==" "!=" ">=" ">" "=" ":=" "->"
  "+=" "-=" "*=" "/=" "//=" "%=" "**=" "@=" "|=" "&=" "^=" "<<=" ">>="
] @operator
(function_definition name: (identifier) @function)
(class_definition name: (identifier) @type)
(decorator (identifier) @function)
(call function: (identifier) @function)
(call function: (attribute attribute: (identifier) @function))
(type (identifier) @type)
((identifier) @builtin
  (#any-of? @builtin
    "abs" "all" "any" "bool" "bytearray" "bytes" "callable" "chr" "complex" "dict" "dir" "divmod" "enumerate" "filter"
    "float" "format" "frozenset" "getattr" "hasattr" "hash" "hex" "id" "input" "int" "isinstance" "issubclass" "iter"
    "len" "list" "map" "max" "min" "next" "object" "oct" "open" "ord" "pow" "print" "property" "range" "repr"
    "reversed" "round" "set" "setattr" "slice" "sorted" "str" "sum" "super" "tuple" "type" "vars" "zip"
    "self" "cls"))

;; query: python-2
; Constructs that the grammar accepts and Python 3 does not; the `-check` captures are looked at once more in code.
(print_statement) @print-statement
(exec_statement) @exec-statement
(comparison_operator "<>") @not-equal
(parameters (tuple_pattern) @tuple-parameter)
(lambda_parameters (tuple_pattern) @tuple-parameter)
(parameters (default_parameter name: (tuple_pattern)) @tuple-parameter)
(raise_statement (expression_list)) @raise-tuple
(integer) @integer-check
(string) @string-check
(except_clause) @except-check
