/**
 * Resident memory of a process whose ResNet-50 teacher sees batches of several shapes, one after another, and then two
 * in turns, as views and small patches come. Memory belongs to a process, so this is a program rather than a
 * `Deno.bench`: `deno run --allow-all bench/teacher_memory.ts`.
 *
 * @module
 */
import { tf } from "@seed/core";
import { FrozenTeacher } from "@seed/nn";
import { testEngine } from "../tests/support/engine.ts";
import { loadTeacher } from "./seed_parts.ts";

/** Batches of views, of patches, of an evaluation, the rest of an epoch, and others. */
const SHAPES = [[32, 96], [32, 64], [16, 96], [7, 96], [32, 80], [32, 112]] as const;
const PRECISION = Deno.args[0] === "auto" ? "auto" : "fp32";

const megabytes = () => `${(Deno.memoryUsage().rss / 1e6).toFixed(0).padStart(5)} MB`;

const engine = await testEngine();
console.log(`${megabytes()}  the engine`);
using network = loadTeacher();
using teacher = new FrozenTeacher({
  name: "teacher",
  ...{
    engine,
    parameters: network.parameters,
    embeddingDim: network.headDim!,
    inputSize: null,
    weights: null!,
  },
  forward: (images) => network.embedding(images),
  precision: PRECISION,
});
console.log(`${megabytes()}  and the teacher's weights, ${(teacher.parameters * 4 / 1e6).toFixed(0)} MB`);

async function embed(batch: number, size: number): Promise<void> {
  const images = tf.fill([batch, size, size, 3], 127) as tf.Tensor4D;
  const before = performance.now(), rows = await teacher.embed(images);
  await rows.data();
  const milliseconds = performance.now() - before;
  tf.dispose([images, rows]);
  console.log(`${megabytes()}  [${batch}, ${size}, ${size}, 3] in ${milliseconds.toFixed(0)} ms`);
}

for (const [batch, size] of SHAPES) {
  await embed(batch, size);
  await embed(batch, size);
}
for (let turn = 0; turn < 4; turn++) for (const [batch, size] of SHAPES.slice(0, 2)) await embed(batch, size);
