import assert from "node:assert/strict";
import type { tf } from "@seed/core";
import { networkNamed, TrainableParameters } from "@seed/nn";
import { testEngine } from "../support/engine.ts";
import { assertFingerprint } from "./fingerprint.ts";
import { fill, images } from "./formula.ts";
import golden from "./maps.json" with { type: "json" };

for (const [name, { gain, shape, map: expected }] of Object.entries(golden)) {
  Deno.test(`the last map of ${name} is timm's`, async () => {
    const engine = await testEngine(), { build, normalization } = networkNamed(name);
    using source = new TrainableParameters(0);
    const backbone = build(source, normalization);
    fill(source.parameters, gain);
    using traced = engine.trace((x) => {
      const { features, patches } = backbone.maps!(x as tf.Tensor4D, { training: false });
      return [features, patches];
    }, { name });
    const input = images("maps", 2, 96), [features, map] = await traced.call(input);
    assert.deepEqual(map.shape, shape);
    assert.equal(map.shape[3], backbone.mapDim);
    assert.deepEqual(features.shape, [2, backbone.featureDim]);
    assertFingerprint("map", await map.data() as Float32Array, expected, { tolerance: 2e-4 });
    [input, features, map].forEach((tensor) => tensor.dispose());
  });
}
