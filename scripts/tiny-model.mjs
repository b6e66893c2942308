#!/usr/bin/env node
// Writes the checkpoint of the tiny StarCoder2 that comes with the package, something to convert and run where nothing can be
// downloaded.
//   node scripts/tiny-model.mjs DIR
import { InputError, writeTinyModel } from "selfalign";
import { reportError } from "./arguments.mjs";

try {
  const [folder] = process.argv.slice(2);
  if (folder === undefined || folder.startsWith("-"))
    throw new InputError("name a folder: node scripts/tiny-model.mjs DIR");
  await writeTinyModel(folder);
} catch (error) {
  process.exitCode = reportError(error);
}
