import type { Student, StudentOutput } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import { unitRows } from "../unit_rows.ts";
import { VIEWS } from "../views/streams.ts";
import type { Seen, StreamOutputs } from "./loss_terms.ts";
import type { NoiseDealer } from "./noise.ts";
import { trainingPass } from "./student_passes.ts";
import type { StreamBatch } from "./step_batch.ts";

/**
 * Runs the student on the views of a stream that a loss looks at, each once however many losses look at it, and
 * makes unit rows of the teacher's embeddings, which a cache may keep in fp16.
 *
 * @param options.noise The student's random numbers; absent: it takes none.
 * @param options.own Random numbers for networks of the objectives' own.
 */
export function outputsOf(
  student: Student,
  stream: string,
  batch: StreamBatch,
  { seen, bnSplits, noise, own }: { seen: Seen; bnSplits: number; noise?: NoiseDealer; own?: NoiseDealer },
): StreamOutputs {
  // All patches of a stream go in one pass, whose batch norm sees them alone.
  const inPasses = <T extends tf.Tensor>(list: T[]): T[] =>
    stream === VIEWS || list.length < 2 ? list : [tf.concat(list)];
  const views = inPasses(batch.views);
  const outputs: StudentOutput[] = seen.studentViews.map((view) => {
    const images = views[view];
    return trainingPass(student, images, {
      ...{ bnSplits, noise: noise?.next(images.shape[0]), map: seen.maps },
    });
  });
  return {
    views,
    studentEmbeddings: outputs.map(({ embedding }) => embedding),
    studentFeatures: outputs.map(({ features }) => features),
    teacherEmbeddings: inPasses(batch.teacherEmbeddings).map((rows) => unitRows(rows)),
    studentMaps: seen.maps ? outputs.map(({ map }) => map!) : [],
    teacherMaps: inPasses(batch.teacherMaps),
    noise: own && views.map((images) => own.next(images.shape[0])),
  };
}
