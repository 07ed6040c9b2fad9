import assert from "node:assert/strict";
import { KNOWN_SIDE, KNOWN_SIZES } from "./known_sizes.ts";
import { networkSize } from "./network_size.ts";
import { NETWORKS } from "./networks.ts";

Deno.test("the table of sizes has every network, as it is when it is built", () => {
  for (const network of NETWORKS.values()) {
    const { parameters, macs, featureDim } = networkSize(network, KNOWN_SIDE);
    const line = `nn/networks/known_sizes.ts: ${network.name}: [${parameters}, ${macs}, ${featureDim}],`;
    assert.deepEqual(KNOWN_SIZES[network.name], [parameters, macs, featureDim], line);
  }
  assert.deepEqual(Object.keys(KNOWN_SIZES).sort(), [...NETWORKS.keys()].sort());
});
