/**
 * A process that starts a pipeline whose augmenter cannot be made, tells why, and has nothing more to do, for tests.
 *
 * @module
 */
import { ViewPipeline } from "../view_pipeline.ts";

const module = new URL("./augmenters.ts", import.meta.url).href;
try {
  const augmenters = [{ module, exportName: "cannotBeMade", options: {}, cacheDir: "cache" }];
  await ViewPipeline.start({ augmenters, workers: 2, seed: 0 });
} catch (error) {
  console.log((error as Error).message);
}
