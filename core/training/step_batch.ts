import { tf } from "../tf.ts";

/** The views of a stream, and what the teacher makes of them. */
export type StreamBatch = {
  /** One batch a view, `[batch, size, size, 3]` float32 in 0..255. */
  views: tf.Tensor4D[];
  /** The teacher's embedding of each view that it sees, in ascending order of their numbers: `[batch, dim]` float32. */
  teacherEmbeddings: tf.Tensor2D[];
  /** Its maps of the same views, `[batch, rows, columns, mapDim]` float32; empty: no objective looks at maps. */
  teacherMaps: tf.Tensor4D[];
};

/** What a step learns from, by the name of the stream: `views`, `patches`, `patches_2`, ... */
export type StepBatch = Record<string, StreamBatch>;

/** Frees what a step has learnt from. */
export function disposeBatch(batch: StepBatch): void {
  for (const { views, teacherEmbeddings, teacherMaps } of Object.values(batch)) {
    tf.dispose([views, teacherEmbeddings, teacherMaps]);
  }
}
