import type { tf } from "@seed/core";

/** Gives the files of a graph model to TensorFlow.js as its own handlers do those of a folder. */
export function asHandler(files: ReadonlyMap<string, Uint8Array>): tf.io.IOHandler {
  const json = JSON.parse(new TextDecoder().decode(files.get("model.json")));
  return {
    load: () => {
      const [{ paths, weights }] = json.weightsManifest as [
        { paths: string[]; weights: tf.io.WeightsManifestEntry[] },
      ];
      const parts = paths.map((path) => files.get(path)!);
      const weightData = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
      parts.reduce((at, part) => (weightData.set(part, at), at + part.length), 0);
      return Promise.resolve({
        modelTopology: json.modelTopology,
        format: json.format,
        signature: json.signature,
        userDefinedMetadata: json.userDefinedMetadata,
        weightSpecs: weights,
        weightData: weightData.buffer,
      });
    },
  };
}
