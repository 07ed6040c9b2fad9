import assert from "node:assert/strict";
import { Random } from "@seed/core";
import { outcome, readBits } from "../../tests/support/weight_bytes.ts";

/**
 * Files that PyTorch, NumPy and safetensors wrote. Archives have checksums, so that a damaged one is told whatever
 * the damage. The other two formats have none: a wrong byte among their values, or in the letters of a name, is
 * beyond what a reader can know, and `teacher.sha256` is there for it.
 */
const FILES = {
  "moco.pth": { checksums: true },
  "dino.pth": { checksums: true },
  "arrays.npz": { checksums: true },
  "network_deflated.npz": { checksums: true },
  "moco_legacy.pth": { checksums: false },
  "dino_legacy.pth": { checksums: false },
  "network.safetensors": { checksums: false },
};

const CUTS = 100, FLIPS = 300;

for (const [name, { checksums }] of Object.entries(FILES)) {
  const whole = await Deno.readFile(new URL(`../../tests/golden/weight_files/${name}`, import.meta.url));

  Deno.test(`${name}, cut off at any byte, is an error`, async () => {
    const random = new Random(name, "cut");
    const lengths = [
      0,
      1,
      2,
      9,
      30,
      whole.length - 1,
      ...Array.from({ length: CUTS }, () => random.below(whole.length)),
    ];
    for (const length of lengths) {
      assert.ok("error" in await outcome(whole.subarray(0, length)), `cut at byte ${length}, it was read`);
    }
  });

  const told = checksums
    ? "is an error, or reads right"
    : "is an error, or reads as far as the format can tell";
  Deno.test(`${name}, with wrong bytes, ${told}`, async () => {
    const right = await readBits(whole);
    let refused = 0;
    for (let trial = 0; trial < FLIPS; trial++) {
      const random = new Random(name, "flip", trial), bytes = whole.slice();
      for (let flips = 1 + random.below(3); flips > 0; flips--) {
        bytes[random.below(bytes.length)] ^= 1 + random.below(255);
      }
      const result = await outcome(bytes);
      if ("error" in result) refused++;
      else if (checksums) assert.deepEqual(result.read, right, `trial ${trial} read something else`);
    }
    // What is left are bytes that stand for nothing: padding, dates, the copies of sizes that no reader needs.
    assert.ok(refused > FLIPS * (checksums ? 0.4 : 0.1), `only ${refused} of ${FLIPS} were refused`);
  });
}
