import assert from "node:assert/strict";
import test from "node:test";
import { callText } from "../src/call";
import { askKernel, type KernelModel } from "../src/kernel";

test("a call as it reads", () => {
  assert.equal(callText({ label: "ask_cloud", slots: {} }), "ask_cloud()");
  assert.equal(
    callText({ label: "set_alarm", slots: { time: ["seven", 'the "ninth"'], date: ["now"] } }),
    'set_alarm(time=["seven", "the \\"ninth\\""], date="now")',
  );
});

/** A kernel that answers each file by its own function. */
function kernel(answer: (name: string) => [object, DataView[]]): KernelModel {
  const hearing = new Set<(content: unknown, buffers: DataView[]) => void>();
  return {
    send(content) {
      const { name } = content as { name: string };
      for (const heard of [...hearing]) heard(...answer(name));
    },
    on: (_, heard) => hearing.add(heard),
    off: (_, heard) => hearing.delete(heard),
  };
}

test("a file is asked from the kernel and told apart from others", async () => {
  const bytes = new DataView(new Uint8Array([0, 1, 2, 3]).buffer, 1, 2);
  const ask = askKernel(kernel((name) => [{ kind: "file", name }, [bytes]]));
  assert.deepEqual(new Uint8Array(await ask("model.onnx")), new Uint8Array([1, 2]));
});

test("what the kernel cannot read is told", async () => {
  const ask = askKernel(kernel((name) => [{ kind: "file", name, error: `${name}: cannot be read` }, []]));
  await assert.rejects(ask("model.onnx"), /model.onnx: cannot be read/);
});
