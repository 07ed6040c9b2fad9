import assert from "node:assert/strict";
import sharp from "sharp";
import type { Augmenter } from "../interfaces/augmenter.ts";
import { Random } from "../random.ts";
import { sameValues } from "./numbers.ts";
import { picture } from "./pictures.ts";
import type { Steps } from "./steps.ts";

/** An augmenter to check. */
export interface AugmenterSubject {
  make(): Promise<Augmenter> | Augmenter;
  /** False: the key plays no role; default true. */
  random?: boolean;
}

const KEYS = Array.from({ length: 16 }, (_, i) => i), SIZE = 32;

/**
 * Checks what {@link Augmenter} promises: a view is a function of the picture and the key; at two sizes it is the
 * same view.
 */
export async function checkAugmenter(t: Steps, { make, random = true }: AugmenterSubject): Promise<void> {
  const augmenter = await make(), image = picture(0, 96, 80);
  const view = (key: number, size = SIZE, of: Parameters<Augmenter["view"]>[0] = image, by = augmenter) =>
    by.view(of, new Random("view", key), size);

  await t.step("says the side of its views", () => {
    assert.ok(Number.isInteger(augmenter.size) && augmenter.size > 0);
  });
  await t.step("makes views of the size that is asked for", async () => {
    for (const size of [SIZE, 17, 2 * SIZE, augmenter.size]) {
      assert.equal((await view(0, size)).length, size * size * 3);
    }
  });
  await t.step("makes the same view of the same key, another instance and all at once too", async () => {
    const other = await make(), first = [];
    for (const key of KEYS) first.push(await view(key));
    const again = await Promise.all(KEYS.map((key) => view(key)));
    assert.ok(sameValues(again, first), "all at once the views are others");
    const others = await Promise.all(KEYS.map((key) => view(key, SIZE, image, other)));
    assert.ok(sameValues(others, first), "another instance makes other views");
  });
  await t.step(`makes ${random ? "other views" : "the same view"} of other keys`, async () => {
    const views = await Promise.all(KEYS.map((key) => view(key)));
    const different = new Set(views.map((pixels) => pixels.join())).size;
    assert.ok(random ? different > KEYS.length / 2 : different === 1, `${different} views`);
  });
  await t.step("shows the same view at two sizes", async () => {
    // A view twice as large, shrunk, is much closer to the view than those of other keys, or pictures, are.
    let same = 0, other = 0;
    const small = await Promise.all(KEYS.map((key) => view(key)));
    const foreign = await view(0, SIZE, picture(1, 96, 80));
    const others = random ? [...small.slice(1), small[0]] : KEYS.map(() => foreign);
    for (const key of KEYS) {
      const shrunk = halve(await view(key, 2 * SIZE), SIZE);
      same += distance(small[key], shrunk);
      other += distance(others[key], shrunk);
    }
    assert.ok(same < other / 4, `${same} from the same view, ${other} from others`);
  });
  await t.step("takes an encoded picture as its pixels", async () => {
    const { width, height } = image, raw = { width, height, channels: 3 } as const;
    const png = new Uint8Array(await sharp(image.data, { raw }).png().toBuffer());
    const of = async (picture: Parameters<Augmenter["view"]>[0]) =>
      await Promise.all(KEYS.slice(0, 4).map((key) => view(key, SIZE, picture)));
    assert.ok(sameValues(await of(png), await of(image)), "the encoded picture gives other views");
  });
  await t.step("takes pictures of every shape", async () => {
    for (const [width, height] of [[1, 1], [1, 50], [50, 1], [7, 300]]) {
      for (const key of KEYS) {
        assert.equal((await view(key, SIZE, picture(1, width, height))).length, SIZE * SIZE * 3);
      }
    }
  });
  await t.step("leaves the picture as it is", async () => {
    const before = image.data.slice();
    for (const key of KEYS) await view(key);
    assert.ok(sameValues([image.data], [before]), "the picture's pixels changed");
  });
  await t.step("tells how it makes its views, if it tells anything", async () => {
    if (!augmenter.describe) return;
    for (const size of [{ width: 96, height: 80 }, { width: 7, height: 300 }, { width: 1, height: 1 }]) {
      for (const key of KEYS) await checkDescription(augmenter, size, () => new Random("view", key));
    }
  });
  await t.step("refuses bytes that are no picture", async () => {
    await assert.rejects(view(0, SIZE, new TextEncoder().encode("no picture")), Error);
  });
}

/** That it draws what the view draws, and that the view shows the crop alone. */
async function checkDescription(
  augmenter: Augmenter,
  { width, height }: { width: number; height: number },
  randomOf: () => Random,
): Promise<void> {
  const told = randomOf(), drawn = randomOf(), image = picture(0, width, height);
  const { crop } = augmenter.describe!({ width, height }, told);
  const view = await augmenter.view(image, drawn, SIZE);
  assert.equal(told.uint32(), drawn.uint32(), "it draws more than the view does, or less");
  if (!crop) return;
  const { left, top } = crop, right = left + crop.width, bottom = top + crop.height;
  assert.ok(0 <= left && left < right && right <= width && 0 <= top && top < bottom && bottom <= height);
  const changed = image.data.map((value, i) => {
    const x = Math.floor(i / 3) % width, y = Math.floor(i / 3 / width);
    return x >= left && x < right && y >= top && y < bottom ? value : 255 - value;
  });
  const same = await augmenter.view({ ...image, data: changed }, randomOf(), SIZE);
  assert.ok(sameValues([same], [view]), "the view shows more than the crop");
}

/** Means of two by two pixels: `[2 * size, 2 * size, 3]` to `[size, size, 3]`. */
function halve(pixels: Uint8Array, size: number): Float32Array {
  const result = new Float32Array(size * size * 3);
  for (let y = 0; y < 2 * size; y++) {
    for (let x = 0; x < 2 * size; x++) {
      for (let c = 0; c < 3; c++) {
        result[((y >> 1) * size + (x >> 1)) * 3 + c] += pixels[(y * 2 * size + x) * 3 + c] / 4;
      }
    }
  }
  return result;
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}
