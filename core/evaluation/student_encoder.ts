import type { Encoder } from "./embed_images.ts";
import type { Engine } from "../interfaces/engine.ts";
import type { Student } from "../interfaces/student.ts";
import type { tf } from "../tf.ts";

/** The student in evaluation mode, features and embedding, traced: follows its weights as they are trained. */
export function tracedEncoder(engine: Engine, student: Student): { encode: Encoder } & Disposable {
  const forward = engine.trace(
    (images) => {
      const { features, embedding } = student.forward(images as tf.Tensor4D, { training: false });
      return [features, embedding];
    },
    { name: "student's embedding" },
  );
  return {
    encode: async (images) => await forward.call(images) as tf.Tensor2D[],
    [Symbol.dispose]: () => forward[Symbol.dispose](),
  };
}
