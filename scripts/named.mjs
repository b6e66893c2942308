// What verbs are given by name: the model, and the files or folders that they can't do without.
import { InputError } from "selfalign";

/** The model that a verb names, and the values of `flag` and of `out`; `shown` is what messages call these. */
export function modelAnd(verb, others, values, flag, shown = ["IN.jsonl", "OUT.jsonl"]) {
  const [value, outValue] = shown;
  const usage = `selfalign ${verb} MODEL --${flag} ${value} --out ${outValue}`;
  if (others.length !== 1) throw new InputError(`${verb} needs one model: ${usage}`);
  if (values[flag] === undefined) throw new InputError(`${verb} needs --${flag} ${value}: ${usage}`);
  if (values.out === undefined) throw new InputError(`${verb} needs --out ${outValue}: ${usage}`);
  return [others[0], values[flag], values.out];
}

/** Of a verb that takes flags only, one of them where to write. */
export function outOnly(name, others, values, example) {
  const usage = `selfalign ${name} ${example} --out DIR`;
  if (others.length > 0) throw new InputError(`${name} takes flags only, not "${others[0]}": ${usage}`);
  if (values.out === undefined) throw new InputError(`${name} needs --out DIR: ${usage}`);
}
