import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { BICUBIC, type Operation, type Pixels, renderView, type Window } from "@seed/core";
import { decode, resize } from "@seed/core/host";
import golden from "./augmentation.json" with { type: "json" };

/** A view of a photograph, and what torchvision on PIL makes of it. */
interface Case {
  /** Left, top, width, height. */
  crop: number[];
  size: number;
  filter?: string;
  operations?: Operation[];
  flip?: boolean;
  /** Each pixel of the photograph is a square of so many; default 1. */
  enlarged?: number;
  /** The first digits. */
  sha256: string;
  /** Every so many bytes of the pixels, in base64. */
  sample: string;
}

const hashOf = (pixels: Uint8Array) => createHash("sha256").update(pixels).digest("hex");

Deno.test("views equal torchvision's on PIL images, pixel for pixel", async () => {
  const photographs = new Map<string, Pixels>();
  for (const name of ["chelsea", "coffee"]) {
    photographs.set(
      name,
      await decode(await Deno.readFile(new URL(`photographs/${name}.png`, import.meta.url))),
    );
  }
  const wrong = Object.entries(golden.views as unknown as Record<string, Case>).flatMap(
    ([name, expected]) => {
      const photograph = photographs.get(name.split(" ")[0])!;
      const view = viewOf(enlarge(photograph, expected.enlarged ?? 1), expected);
      if (hashOf(view).startsWith(expected.sha256)) return [];
      return [`${name}, ${JSON.stringify({ ...expected, sample: "" })}: ${distance(view, expected.sample)}`];
    },
  );
  assert.deepEqual(wrong, []);
  assert.ok(Object.keys(golden.views).length > 100);
});

function viewOf(photograph: Pixels, { crop: [left, top, width, height], size, ...rest }: Case): Uint8Array {
  const crop = { left, top, width, height };
  if (rest.filter === "bicubic") {
    const square = { width: size, height: size };
    return resize(cut(photograph, crop), BICUBIC, square, { ...square, left: 0, top: 0 });
  }
  return renderView(photograph, { crop, flip: rest.flip ?? false, operations: rest.operations ?? [] }, size);
}

function enlarge({ data, width, height }: Pixels, times: number): Pixels {
  const row = width * times, enlarged = new Uint8Array(3 * row * height * times);
  for (let i = 0; i < enlarged.length; i++) {
    const pixel = Math.floor(i / 3), x = Math.floor(pixel % row / times), y = Math.floor(pixel / row / times);
    enlarged[i] = data[3 * (y * width + x) + i % 3];
  }
  return { data: enlarged, width: row, height: height * times };
}

function cut({ data, width }: Pixels, crop: Window): Pixels {
  const rows = Array.from({ length: crop.height }, (_, y) => {
    const from = 3 * ((crop.top + y) * width + crop.left);
    return [...data.subarray(from, from + 3 * crop.width)];
  });
  return { data: Uint8Array.from(rows.flat()), width: crop.width, height: crop.height };
}

/** How far a view is from its expected sample, for the message. */
function distance(view: Uint8Array, sample: string): string {
  const expected = Uint8Array.fromBase64(sample), step = Math.max(1, Math.floor(view.length / 61));
  const off = Array.from(expected, (value, i) => Math.abs(value - view[i * step]));
  return `off by ${Math.max(...off)} at most, ${
    off.reduce((a, b) => a + b, 0) / off.length
  } on average, in a sample`;
}

Deno.test("colour operations equal PIL's for each of the 16,777,216 colours", () => {
  const operations: Record<keyof typeof golden.colors, Operation> = {
    "grayscale": { kind: "grayscale" },
    "saturation 1.37": { kind: "saturation", factor: 1.37 },
    "hue 0": { kind: "hue", shift: 0 },
    "hue -0.09": { kind: "hue", shift: -0.09 },
  };
  const side = 256, crop = { left: 0, top: 0, width: side, height: side };
  const data = new Uint8Array(3 * side * side);
  for (const [name, operation] of Object.entries(operations)) {
    const hash = createHash("sha256");
    for (let red = 0; red < 256; red++) {
      for (let i = 0; i < side * side; i++) data.set([red, i >> 8, i & 255], 3 * i);
      const colors = { data, width: side, height: side };
      hash.update(renderView(colors, { crop, flip: false, operations: [operation] }, side));
    }
    assert.equal(hash.digest("hex"), golden.colors[name as keyof typeof golden.colors], name);
  }
});
