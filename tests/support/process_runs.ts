/**
 * A run for tests of several processes: BINGO on a few pictures, 16 steps of 12 every 12 epochs.
 *
 * @module
 */
import { cacheDirectory } from "@seed/core/host";
import { findMpiLibrary, hasMpi } from "../../cli/processes/mpi/mod.ts";
import { ROOT } from "./cli.ts";
import { makeImageFolder } from "./image_folder.ts";
import { inFolder } from "./plugin_context.ts";

/** Why no run in several processes can be tested here; null: it can. */
export const NO_MPI = hasMpi() ? null : "ignored: MPICH has no package for this machine";

/**
 * A test with real processes, which is ignored, with the reason, where there is one. The first one installs MPICH, as
 * the first `--processes` does: so that what each process says is not mixed with it.
 */
export function testUnless(
  reason: string | null,
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test({
    name: reason === null ? name : `${name} (${reason})`,
    ignore: reason !== null,
    async fn(t) {
      await findMpiLibrary({
        cacheDir: `${cacheDirectory()}/mpi`,
        log: () => {},
        signal: new AbortController().signal,
      });
      await fn(t);
    },
  });
}

const PLUGINS = new URL("./plugins.ts", import.meta.url).href;
const RECIPE = `version: 1
seed: 2
engine: { plugin: "${PLUGINS}#engine" }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 16 }
teacher: { plugin: "${ROOT}examples/my_teacher.ts", cells: 2 }
student: { plugin: "${PLUGINS}#student" }
queue: { plugin: "@seed/queue-fifo", size: 24 }
objective: { plugin: "@seed/objective-bingo", bag: 2 }
train: { batch_size: 12, epochs: EPOCHS, lr: 0.1, workers: 1 }
evaluate: { every_epochs: 2, knn: { k: 2 } }
checkpoint: { every_steps: 2 }
`;

/** Makes a folder with the recipe, `tiny.yaml`, and its pictures, for a test. */
export async function inRecipeFolder(epochs: number, test: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await makeImageFolder(`${folder}/images`, { train: 8, val: 2 });
    await Deno.writeTextFile(`${folder}/tiny.yaml`, RECIPE.replace("EPOCHS", `${epochs}`));
    await test(folder);
  });
}
