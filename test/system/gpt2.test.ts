// Our GPT-2 against transformers and torch: the checkpoints of test/fixtures/gpt2 are converted, their graphs run on ONNX
// Runtime. Runs on the compiled thread in dist.
import { describeParity } from "./parity.js";

describeParity("gpt2", ["tiny", "untied", "odd"]);
