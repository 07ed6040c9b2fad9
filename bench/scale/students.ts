/**
 * What the processes of a run add up in each step: gradients, loss and running statistics, by student.
 *
 * @module
 */
import { tf } from "@seed/core";
import { loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../../cli/defaults.ts";
import { ROOT } from "../../tests/support/cli.ts";
import { testContext } from "../../tests/support/engine.ts";

/** The recipes of SEED's paper from a MoCo-v2 ResNet-50. */
const RECIPES: Record<string, string> = {
  "EfficientNet-B0": "effb0.yaml",
  "MobileNetV3-Large": "imagenet/moco_r50/mobilenet_v3_large.yaml",
  "MobileNetV3-Small": "imagenet/moco_r50/mobilenet_v3_small.yaml",
  "ResNet-18": "imagenet/moco_r50/resnet18.yaml",
};

/** A student's part in a sum, in bytes. */
export interface StudentBytes {
  gradients: number;
  /** Running means and variances of its batch norms. */
  statistics: number;
  /** All that is added up, the loss included: as a total and as its only term. */
  sum: number;
}

/** Bytes by student. */
export async function bytesOfStudents(): Promise<Map<string, StudentBytes>> {
  const found = new Map<string, StudentBytes>();
  for (const [name, path] of Object.entries(RECIPES)) {
    const { student } = await loadRecipe(`${ROOT}recipes/${path}`, { defaults: DEFAULTS });
    await tf.setBackend("cpu");
    const { parameters } = await student.plugin.create(student.options as never, {
      ...{ ...testContext, engine: null as never, embeddingDim: 128 },
    });
    const bytes = (trained: boolean) =>
      4 * parameters.filter(({ trainable }) => trainable === trained)
        .reduce((sum, { variable }) => sum + variable.size, 0);
    const [gradients, statistics] = [bytes(true), bytes(false)];
    found.set(name, { gradients, statistics, sum: gradients + statistics + 4 * 2 });
    for (const { variable } of parameters) variable.dispose();
  }
  return found;
}
