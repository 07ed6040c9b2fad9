import type { Diagnosis, PluginContext } from "@seed/core";
import { TensorflowEngine } from "./engine.ts";
import { findInstalledLibrary, TENSORFLOW_VERSION } from "./library.ts";
import { readProcessor } from "./processor.ts";

/** Whether TensorFlow is there and loads, and what it computes on. */
export async function diagnose(context: PluginContext): Promise<Diagnosis[]> {
  const library = await findInstalledLibrary(context), { bf16 } = readProcessor();
  const processor = {
    subject: "Processor",
    ok: true,
    message: `${navigator.hardwareConcurrency} cores, bf16 ${
      bf16 ? "native" : "emulated (precision auto computes in fp32)"
    }`,
  };
  if (!library) {
    const message =
      `Not installed yet: the first run installs ${TENSORFLOW_VERSION} in ${context.cacheDir} ` +
      "(some 300 MB to fetch, 1.3 GB on disk)";
    return [{ subject: "TensorFlow", ok: true, message }, processor];
  }
  await using engine = await TensorflowEngine.open(library, { device: "auto", trace: true });
  const message = `${engine.version} in ${library.directory}, computes on the ${engine.device}`;
  return [{ subject: "TensorFlow", ok: true, message }, processor];
}
