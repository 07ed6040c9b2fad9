import { type ObjectiveInputs, type Student, tf } from "@seed/core";

/** What an objective is given at a run's first step: `given`, and nothing else that it could look at. */
export function objectiveInputs(given: Partial<ObjectiveInputs>): ObjectiveInputs {
  const zero = tf.scalar(0);
  return {
    ...{
      views: [],
      studentEmbeddings: [],
      studentFeatures: [],
      teacherEmbeddings: [],
      studentMaps: [],
      teacherMaps: [],
    },
    queue: tf.zeros([1, 1]),
    progress: { step: zero, epoch: zero, share: zero },
    ...given,
  };
}

/** What objectives that need a student's facts are created from. */
export function objectiveContext(embeddingDim: number, createStudent?: () => Promise<Student>) {
  return {
    ...{
      embeddingDim,
      featureDim: embeddingDim,
      teacherDim: embeddingDim,
      studentMapDim: null,
      teacherMapDim: null,
      bnSplits: 1,
    },
    createStudent: createStudent ?? (() => Promise.reject(new Error("This objective needs one student"))),
  };
}
