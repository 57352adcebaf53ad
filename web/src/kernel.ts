// Files for the widget: of the bundle from the kernel, ONNX Runtime's from JupyterLab, which serves the folder in which
// `edgelab prepare browser` laid them.
import { runtimeFiles, type Assets } from "./runtime/index";

export interface KernelModel {
  send(content: unknown): void;
  on(event: "msg:custom", heard: (content: unknown, buffers: DataView[]) => void): void;
  off(event: "msg:custom", heard: (content: unknown, buffers: DataView[]) => void): void;
}

type Ask = (file: string) => Promise<ArrayBuffer>;

/** A function that asks the kernel for a file by its name. It waits as long as cells are running. */
export function askKernel(model: KernelModel): Ask {
  return (file) =>
    new Promise((resolve, reject) => {
      const heard = (content: unknown, buffers: DataView[]): void => {
        const { kind, name, error } = content as { kind?: string; name?: string; error?: string };
        if (kind !== "file" || name !== file) return;
        model.off("msg:custom", heard);
        const data = buffers[0];
        if (data === undefined) reject(new Error(error ?? `${file}: the kernel sent nothing`));
        else resolve(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer);
      };
      model.on("msg:custom", heard);
      model.send({ kind: "file", name: file });
    });
}

/** Where ONNX Runtime's files are: served by JupyterLab; or, where the kernel runs in another environment than JupyterLab
 * or the page is no JupyterLab, sent by the kernel. */
export async function locateRuntime(folder: string, ask: Ask): Promise<Assets> {
  const served = servedBy(document.getElementById("jupyter-config-data")?.textContent, folder);
  if (served !== undefined) {
    const assets = runtimeFiles(served);
    const answer = await fetch(assets.ortUrl, { method: "HEAD" }).catch(() => undefined);
    if (answer?.ok) return assets;
  }
  const blob = async (file: string, type: string): Promise<string> =>
    URL.createObjectURL(new Blob([await ask(file)], { type }));
  const [ortUrl, wasmUrl] = [
    await blob("ort.wasm.bundle.min.mjs", "text/javascript"),
    await blob("ort-wasm-simd-threaded.wasm", "application/wasm"),
  ];
  return { ortUrl, wasmUrl };
}

/** The address of a folder among JupyterLab's extensions, by the page's own settings. */
export function servedBy(settings: string | null | undefined, folder: string): string | undefined {
  if (!settings) return undefined;
  const { fullLabextensionsUrl } = JSON.parse(settings) as { fullLabextensionsUrl?: string };
  return fullLabextensionsUrl && new URL(`${fullLabextensionsUrl}/${folder}/`, location.href).href;
}
