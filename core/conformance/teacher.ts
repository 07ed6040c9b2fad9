import assert from "node:assert/strict";
import type { Teacher } from "../interfaces/teacher.ts";
import { tf } from "../tf.ts";
import { assertFlat } from "./memory.ts";
import { assertClose, assertFinite, assertUnitRows, sameValues } from "./numbers.ts";
import { pictures } from "./pictures.ts";
import { ignoreStep, type Steps } from "./steps.ts";

/** A teacher to check. */
export interface TeacherSubject {
  make(): Promise<Teacher> | Teacher;
  /** Side of the views, in pixels, if the teacher takes the augmenter's; default 32. */
  size?: number;
  /** Side of other views, as small patches are, if the teacher takes the augmenter's; default `size / 2`. */
  smallSize?: number;
  /** How much an embedding may differ between batches, in each dimension; default 1e-5. */
  tolerance?: number;
}

/** Says why a teacher is asked for such a batch, if it fails on it. */
async function varied<T>(batch: number, side: number, embed: () => Promise<T>): Promise<T> {
  try {
    return await embed();
  } catch (error) {
    assert.fail(
      `The teacher fails on a batch of ${batch} views of ${side} px: ${
        (error as Error).message
      }. A teacher meets ` +
        "batches and sides that vary: the last batch of `cache`, small patches, evaluations. One that traces keeps a " +
        "function for each shape, as examples/my_teacher.ts does, or fills batches up",
    );
  }
}

/** Checks what {@link Teacher} promises: unit rows that depend on their own image alone, the same every time. */
export async function checkTeacher(
  t: Steps,
  { make, size = 32, smallSize = size / 2, tolerance = 1e-5 }: TeacherSubject,
): Promise<void> {
  const tensorsBefore = tf.memory().numTensors;
  const teacher = await make(), { embeddingDim, inputSize, weights } = teacher;

  /** Rows of the pictures of these numbers, in one batch. */
  const embed = async (...indices: number[]): Promise<Float32Array[]> => {
    const images = pictures(indices, inputSize ?? size);
    const embedding = await teacher.embed(images).catch((error) => (images.dispose(), Promise.reject(error)));
    assert.ok(!images.isDisposed, "the images are the caller's to dispose of");
    assert.deepEqual([embedding.shape, embedding.dtype], [[indices.length, embeddingDim], "float32"]);
    const values = await embedding.data() as Float32Array;
    tf.dispose([images, embedding]);
    return indices.map((_, i) => values.slice(i * embeddingDim, (i + 1) * embeddingDim));
  };

  await t.step("says its width, its input size and its weights", () => {
    assert.ok(Number.isInteger(embeddingDim) && embeddingDim > 0);
    assert.ok(inputSize === null || Number.isInteger(inputSize) && inputSize > 0);
    if (weights === null) return;
    assert.match(weights.sha256, /^[0-9a-f]{64}$/);
    assert.ok(weights.file && weights.layout && weights.tensors > 0);
  });
  await t.step("embeds into finite unit rows", async () => {
    for (const row of await embed(0, 1, 2, 3)) {
      assertFinite(row, "embedding");
      assertUnitRows(row, embeddingDim, "embedding");
    }
  });
  await t.step("tells different images apart", async () => {
    const [a, b] = await embed(0, 1, 2, 3);
    assert.ok(a.some((value, i) => Math.abs(value - b[i]) > 10 * tolerance));
  });
  await t.step("gives the same bits for the same batch", async () => {
    assert.ok(sameValues(await embed(0, 1, 2, 3), await embed(0, 1, 2, 3)), "the second time was another");
  });
  await t.step("embeds an image the same whatever else is in the batch, and wherever it is", async () => {
    const [alone] = await embed(0, 1, 2, 3), [, , , moved] = await embed(6, 5, 4, 0);
    assertClose(moved, alone, tolerance, "embedding in another batch");
  });
  await t.step("embeds batches of other sizes", async () => {
    const [first] = await embed(0, 1, 2, 3);
    for (const batch of [1, 3, 7]) {
      const indices = Array.from({ length: batch }, (_, i) => i);
      const [again] = await varied(batch, inputSize ?? size, () => embed(...indices));
      assertClose(again, first, tolerance, `embedding in a batch of ${batch}`);
    }
    for (const side of inputSize === null ? [smallSize, Math.round(1.5 * size)] : []) {
      for (const batch of [4, 1]) {
        const views = pictures(Array.from({ length: batch }, (_, i) => i), side);
        try {
          const embedding = await varied(batch, side, () => teacher.embed(views));
          assert.deepEqual(embedding.shape, [batch, embeddingDim], `of ${batch} views of ${side} px`);
          embedding.dispose();
        } finally {
          views.dispose();
        }
      }
    }
  });
  await checkMaps(t, teacher, { size: inputSize ?? size, tolerance });
  await t.step("keeps no tensors", async () => await assertFlat(async () => void await embed(0, 1, 2, 3)));
  await t.step("frees everything when it is disposed of", () => {
    teacher[Symbol.dispose]();
    assert.equal(tf.memory().numTensors, tensorsBefore);
  });
}

/** Checks its maps: beside the same embeddings, of their own image alone. */
async function checkMaps(
  t: Steps,
  teacher: Teacher,
  { size, tolerance }: { size: number; tolerance: number },
): Promise<void> {
  const name = "gives maps beside the same embeddings, each of its own image alone", { mapDim } = teacher;
  if (mapDim === undefined) return await ignoreStep(t, name, "it has none");
  await t.step(name, async () => {
    assert.ok(Number.isInteger(mapDim) && mapDim > 0, `mapDim is ${mapDim}`);
    const maps = async (...indices: number[]) => {
      const images = pictures(indices, size), alone = await teacher.embed(images);
      const { embedding, map } = await teacher.maps!(images), { shape } = map;
      assert.deepEqual([shape.length, shape[0], shape[3], map.dtype], [4, indices.length, mapDim, "float32"]);
      const [values, rows, expected] = await Promise.all(
        [map, embedding, alone].map((tensor) => tensor.data() as Promise<Float32Array>),
      );
      tf.dispose([images, alone, embedding, map]);
      assertClose(rows, expected, tolerance, "embedding beside a map");
      assertFinite(values, "map");
      return values.slice(0, values.length / indices.length);
    };
    const first = await maps(0, 1, 2, 3),
      among = await maps(0, 6, 5),
      scale = Math.max(...first.map(Math.abs));
    assertClose(among, first, 10 * tolerance * scale, "map in another batch");
    await assertFlat(async () => void await maps(0, 1, 2, 3));
  });
}
