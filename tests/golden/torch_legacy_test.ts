import assert from "node:assert/strict";
import { join } from "node:path";
import { openWeights } from "@seed/nn";
import golden from "./torch_legacy.json" with { type: "json" };

type Tensors = Record<string, { shape: number[]; values: number[] }>;

for (const [name, expected] of Object.entries(golden as Record<string, Tensors>)) {
  Deno.test(`the file torch_legacy_${name}.pth holds what PyTorch saved`, async () => {
    using file = await openWeights(join(import.meta.dirname!, `torch_legacy_${name}.pth`));
    const found: Tensors = {};
    for (const [tensor, { shape }] of file.tensors) {
      found[tensor] = { shape: [...shape], values: [...file.read(tensor)] };
    }
    const float32 = Object.entries(expected).map(([tensor, { shape, values }]) =>
      [tensor, { shape, values: values.map(Math.fround) }] as const
    );
    assert.deepEqual(found, Object.fromEntries(float32));
  });
}
