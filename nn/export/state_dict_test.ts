import assert from "node:assert/strict";
import { type NamedArray, RunError, tf, torchShape, UsageError, type WeightsFile } from "@seed/core";
import { networkNamed } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { images, weight } from "../../tests/golden/formula.ts";
import { CountingParameters } from "../networks/network_size.ts";
import { countMacs } from "../networks/shape_backend.ts";
import { fileNetwork } from "../loaded/loaded_network.ts";
import { stateDict } from "./state_dict.ts";

/** A file of the formula's values in one of a network's layouts. */
function fileIn(network: string, layoutName: string): WeightsFile {
  const known = networkNamed(network), layout = known.layouts.find(({ name }) => name === layoutName)!;
  const entries = new Map<string, readonly number[]>();
  class Listing extends CountingParameters {
    override get(...[name, kind, shape, init]: Parameters<CountingParameters["get"]>): tf.Tensor {
      const fileName = layout.prefix + (layout.rename?.(name, () => true) ?? name);
      entries.set(fileName, torchShape(shape, kind));
      return super.get(name, kind, shape, init);
    }
  }
  countMacs(() => void (layout.build ?? known.build)(new Listing(), known.normalization));
  return asFile([...entries].map(([name, shape]) => ({ name, shape, data: weight(name, shape) })));
}

function asFile(arrays: readonly NamedArray[]): WeightsFile {
  const byName = new Map(arrays.map((array) => [array.name, array]));
  return {
    ...{ path: "weights", format: "arrays", metadata: {} },
    tensors: new Map(arrays.map(({ name, shape }) => [name, { dtype: "F32", shape }])),
    read: (name) => Float32Array.from(byName.get(name)!.data as Float32Array, Number),
    [Symbol.dispose]() {},
  };
}

function featuresOf(file: WeightsFile, network: string): { features: Float32Array; layout: string } {
  using frozen = FrozenNetwork.load(file, networkNamed(network));
  const features = tf.tidy(() => frozen.features(images("images", 2, 32)).dataSync() as Float32Array);
  return { features, layout: frozen.layout.name };
}

Deno.test("weights compute the same in torchvision's names and back in timm's, whatever is added to variances", async () => {
  await tf.setBackend("cpu");
  const name = "mobilenet_v3_small", own = fileIn(name, "timm");
  const expected = featuresOf(own, name);
  using network = fileNetwork(own, networkNamed(name));
  const theirs = await stateDict(network, { names: "torchvision", head: false });
  assert.deepEqual(theirs.epsilons, { from: 1e-5, to: 1e-3 });
  const shapes = new Map(theirs.arrays.map(({ name, shape }) => [name, shape]));
  assert.deepEqual(shapes.get("classifier.0.weight"), [1024, 576]);
  assert.deepEqual(shapes.get("features.1.block.0.0.weight"), [16, 1, 3, 3]);
  using there = fileNetwork(asFile(theirs.arrays), networkNamed(name));
  const back = await stateDict(there, { names: "timm", head: false });
  assert.deepEqual(back.epsilons, { from: 1e-3, to: 1e-5 });
  for (const [layout, arrays] of [["torchvision", theirs.arrays], ["timm", back.arrays]] as const) {
    const actual = featuresOf(asFile(arrays), name);
    assert.equal(actual.layout, layout);
    const size = Math.max(...expected.features.map(Math.abs));
    actual.features.forEach((value, i) =>
      assert.ok(Math.abs(value - expected.features[i]) < 1e-5 * size, `${i}`)
    );
  }
  const original = new Map(own.tensors.keys().map((name) => [name, own.read(name)]));
  for (const { name, data } of back.arrays) {
    original.get(name)!.forEach((value, i) =>
      assert.ok(Math.abs(Number(data[i]) - value) <= 1e-6 * Math.abs(value), name)
    );
  }
});

Deno.test("weights of a network that pads otherwise are not written as timm's or torchvision's", async () => {
  await tf.setBackend("cpu");
  const layout = networkNamed("efficientnet_b0").layouts.find(({ name }) => /pytorch/.test(name))!.name;
  using network = fileNetwork(fileIn("efficientnet_b0", layout), networkNamed("efficientnet_b0"));
  for (const names of ["timm", "torchvision"] as const) {
    await assert.rejects(stateDict(network, { names, head: false }), (error: Error) => {
      assert.match(error.message, /^The weights are of another efficientnet_b0 than (timm|torchvision)'s/);
      return error instanceof RunError;
    });
  }
});

Deno.test("torchvision's names are refused where torchvision has no such network", async () => {
  await tf.setBackend("cpu");
  using network = fileNetwork(
    fileIn("efficientnet_lite2", "efficientnet-lite-pytorch"),
    networkNamed("efficientnet_lite2"),
  );
  await assert.rejects(stateDict(network, { names: "torchvision", head: false }), (error: Error) => {
    assert.match(error.message, /^torchvision has no network "efficientnet_lite2"/);
    return error instanceof UsageError;
  });
});
