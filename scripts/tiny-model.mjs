#!/usr/bin/env node
// Writes a StarCoder2 of random weights, something to convert and run where nothing can be downloaded.
//   node scripts/tiny-model.mjs DIR
import { writeTinyModel } from "selfalign";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("name a folder: node scripts/tiny-model.mjs DIR");
await writeTinyModel(folder);
