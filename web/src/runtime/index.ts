// EdgeLab's browser runtime: a bundle as Python's `edgelab.bundle` has it, with the same answers.
export { Bundle, type Loaded, type Prediction, type Source } from "./bundle";
export { type Span } from "./decoding";
export { type Assets } from "./engine";
export { BundleError } from "./errors";
export { DEFAULT_POLICY, decide, SCORES, softmax, type Decision, type Policy } from "./policy";
export { type Offsets, type Tokens } from "./tokenizer";
export { fetchFrom, runtimeFiles } from "./sources";
export { percentile } from "./statistics";
