import { join } from "node:path";
import { cacheDirectory } from "@seed/core/host";
import { loadOnnxRuntime, type OnnxRuntime } from "@seed/teacher-onnx/runtime";
import { testContext } from "./engine.ts";

/** Context of the teacher onnx in tests: the user's own cache. */
export const onnxContext = { ...testContext, cacheDir: join(cacheDirectory(), "seed_teacher-onnx") };

/** onnxruntime, fetched if need be. */
export async function onnxRuntime(): Promise<OnnxRuntime> {
  return await loadOnnxRuntime(onnxContext);
}
