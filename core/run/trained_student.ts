import type { Host } from "../interfaces/host.ts";
import { createPlugin, pluginContext } from "../parts/create_plugin.ts";
import { loadInitialWeights } from "../parts/initial_student.ts";
import type { Engine } from "../interfaces/engine.ts";
import { RunError } from "../errors.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { SafetensorsFile } from "../weights/safetensors.ts";
import { withValuesSetLater } from "../weights/initial_values.ts";
import { assignParameters } from "../weights/state_dict.ts";
import type { InitialWeightsRecord, Student } from "../interfaces/student.ts";
import type { TeacherHead } from "../interfaces/teacher.ts";
import { tf } from "../tf.ts";
import { checkInitialWeights } from "./initial_weights.ts";

/**
 * Makes the student of a recipe with the weights that a run has written.
 *
 * @param file The run's `student.safetensors`.
 * @throws {RunError} If the file does not fit the student.
 */
export async function loadTrainedStudent(
  recipe: Pick<Recipe, "student" | "seed">,
  file: SafetensorsFile,
  { engine, host }: { engine: Engine; host: Host },
): Promise<Student> {
  using stack = new DisposableStack();
  const student = stack.use(await withValuesSetLater(() => makeStudent(recipe, file, { engine, host })));
  assignParameters(student.parameters, file);
  stack.move();
  return student;
}

/**
 * Makes the student of a recipe as its run began: of noise, or as the file has it that it began from.
 *
 * @param file The run's `student.safetensors`: it tells how wide the head is.
 * @returns the student, and the record of the file that it began from; null: of noise.
 * @throws {RunError} If that file is not there any more, or does not fit.
 */
export async function loadInitialStudent(
  recipe: Pick<Recipe, "student" | "seed">,
  file: SafetensorsFile,
  { engine, host }: { engine: Engine; host: Host },
): Promise<{ student: Student; weights: InitialWeightsRecord | null }> {
  const initial = await checkInitialWeights(recipe);
  using stack = new DisposableStack();
  const student = stack.use(await makeStudent(recipe, file, { engine, host }));
  const weights = initial && await loadInitialWeights(recipe.student, student, initial, host);
  stack.move();
  return { student, weights };
}

async function makeStudent(
  recipe: Pick<Recipe, "student" | "seed">,
  file: SafetensorsFile,
  { engine, host }: { engine: Engine; host: Host },
): Promise<Student> {
  const teacherHead = headOf(file);
  try {
    return await createPlugin(recipe.student, {
      ...pluginContext(recipe.student, recipe.seed, host),
      ...{ engine, embeddingDim: headDim(file), teacherHead },
    });
  } finally {
    tf.dispose(teacherHead.values.map(({ tensor }) => tensor));
  }
}

/** Width of the projection head's last layer: the teacher's, who need not be there any more. */
function headDim({ path, tensors }: SafetensorsFile): number {
  const layers = [...tensors].flatMap(([name, { shape }]) => {
    const [, layer] = name.match(/^head\.(\d+)\.weight$/) ?? [];
    return layer ? [{ layer: Number(layer), outputs: shape[0] }] : [];
  });
  if (layers.length === 0) throw new RunError(`The file "${path}" holds no projection head`);
  return layers.reduce((last, next) => next.layer > last.layer ? next : last).outputs;
}

/**
 * The head without its first layer: what a student has taken over from its teacher, if it has. Its values come from the
 * file like the others; here are their places.
 */
function headOf({ tensors }: SafetensorsFile): TeacherHead {
  const entries = [...tensors].flatMap(([name, { shape }]) => {
    const [, number, part] = name.match(/^head\.(\d+)\.(weight|bias|running_mean|running_var)$/) ?? [];
    return part ? [{ number: Number(number), part, shape }] : [];
  });
  const first = entries.find(({ number, part }) => number === 0 && part === "weight");
  return {
    inputDim: first?.shape[0] ?? 0,
    values: entries.filter(({ number }) => number > 0).map(({ number, part, shape }) => ({
      name: `${number - 1}.${part}`,
      kind: shape.length === 2 ? "linear" : "vector",
      tensor: tf.zeros(shape.toReversed()), // a linear layer's is the other way about
    })),
  };
}
