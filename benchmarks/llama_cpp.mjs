// A GGUF model run by llama.cpp through node-llama-cpp, for benchmarks/generators.py: a line of JSON in ({"prompt": [tokens],
// "tokens": n}), a line out ({"tokens": [...], "ms": [...]}), one core, greedy.
//   node llama_cpp.mjs MODEL.gguf CONTEXT      in a folder where `npm install node-llama-cpp` was run
import {createInterface} from "node:readline";
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const found = createRequire(process.cwd() + "/").resolve.paths("node-llama-cpp")[0] + "/node-llama-cpp/dist/index.js";
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(found));
const llama = await getLlama({gpu: false, build: "never", maxThreads: 1, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: process.argv[2]});
const context = await model.createContext({contextSize: Number(process.argv[3]), threads: 1});
const sequence = context.getSequence();
console.log(JSON.stringify({ready: true}));

for await (const line of createInterface({input: process.stdin})) {
    const {prompt, tokens} = JSON.parse(line);
    await sequence.clearHistory();
    const said = [], ms = [];
    let begin = performance.now();
    for await (const token of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
        ms.push(performance.now() - begin);
        said.push(token);
        if (said.length >= tokens)
            break;
        begin = performance.now();
    }
    console.log(JSON.stringify({tokens: said, ms}));
}
