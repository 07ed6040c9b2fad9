import type { Host } from "../interfaces/host.ts";
import type { InitialWeights } from "../interfaces/student.ts";
import { withChosenEngine } from "../parts/choose_engine.ts";
import type { Processes } from "../processes/processes.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { requireNewestWhole } from "./checkpoints.ts";
import { checkInitialWeights } from "./initial_weights.ts";
import { compareWithPast, type Resumed } from "./past_recipe.ts";
import { RunDirectory } from "./run_directory.ts";

/** What a run begins with, before an engine opens. */
export interface RunStart {
  /** Locked; the caller's to dispose of. */
  directory: RunDirectory;
  /** With the engine that was chosen. */
  recipe: Recipe;
  /** Null: the run is new. */
  resumed: Resumed | null;
  /** The file that the student begins from; null: there is none, or a checkpoint has what it goes on with. */
  initial: InitialWeights | null;
}

/**
 * Opens or makes the folder of a run, and looks at all that can be wrong with it.
 *
 * @param name Of the run, where `out` is null.
 * @param processes All of the run; null: this one is alone.
 * @throws {UsageError} If the run directory is in use, or a resume's recipe is another than the run began with.
 */
export async function startRun(
  asked: Recipe,
  { name, out, resume, extend = false }: {
    name: string;
    out: string | null;
    resume: boolean;
    extend?: boolean;
  },
  host: Host,
  processes: Processes | null,
): Promise<RunStart> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(
    resume ? await RunDirectory.open(name, out) : await RunDirectory.create(name, out),
  );
  const recipe = await withChosenEngine(asked, host, processes);
  const resumed = resume
    ? await compareWithPast(directory, recipe, { extend, processes: processes?.size ?? 1 })
    : null;
  if (resumed) await requireNewestWhole(directory);
  const initial = resumed ? null : await checkInitialWeights(recipe);
  stack.move(); // all is right: the folder is the caller's
  return { directory, recipe, resumed, initial };
}
