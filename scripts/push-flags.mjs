// Flags of `push`, and what the parsed values are as the library's options.

/** Flags of `push`. */
export const PUSH_FLAGS = {
  kind: { kind: "text", value: "NAME", fallback: "model", about: "model, or dataset" },
  private: { kind: "switch", about: "make the repository private, where it is not there yet" },
  branch: { kind: "text", value: "NAME", fallback: "main", about: "branch that gets the commit" },
  title: {
    kind: "text",
    value: "TEXT",
    fallback: "Upload with selfalign",
    about: "first line of the commit",
  },
};

/** Options of `pushFolder` from parsed flags. */
export function pushOptions({ kind, private: hidden, branch, title }) {
  return { kind, private: hidden, branch, title };
}
