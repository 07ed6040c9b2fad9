import type { Encoder } from "./embed_images.ts";
import type { Engine } from "./engine.ts";
import type { Student } from "./student.ts";
import type { tf } from "./tf.ts";

/** The student's backbone in evaluation mode, traced: follows its weights as they are trained. */
export function tracedEncoder(engine: Engine, student: Student): { encode: Encoder } & Disposable {
  const forward = engine.trace(
    (images) => [student.forward(images as tf.Tensor4D, { training: false }).features],
    { name: "student features" },
  );
  return {
    encode: async (images) => (await forward.call(images))[0] as tf.Tensor2D,
    [Symbol.dispose]: () => forward[Symbol.dispose](),
  };
}
