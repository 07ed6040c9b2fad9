/**
 * What a student begins from.
 *
 * @module
 */
import { exists, RunFolder } from "@seed/core/host";
import { CommandLineError } from "../arguments.ts";
import { USUAL_BEGINNING } from "./settings.ts";

/** What `--begin` says of a student that is to begin from noise. */
const NOISE = "noise";

/**
 * The file of weights or the folder of a run; null: noise. What is in it is checked with the recipe.
 *
 * @param given What `--begin` says; null: the usual.
 * @param network Name of the student's network.
 * @param usual The run's folder that is the usual.
 * @throws {CommandLineError} If nothing is there.
 */
export async function beginningOf(
  given: string | null,
  network: string,
  usual = USUAL_BEGINNING,
): Promise<string | null> {
  if (given === null) return await isDone(usual, network) ? usual : null;
  if (given === NOISE) return null;
  if (await exists(given)) return given;
  throw new CommandLineError(
    `--begin expects a file of weights, the folder of a run, or ${NOISE}; there is nothing at "${given}"`,
  );
}

/** Whether a run is there that is done, with a student of a network. */
async function isDone(folder: string, network: string): Promise<boolean> {
  const run = new RunFolder(folder);
  if (!await exists(run.file("student"))) return false;
  const { student } = await run.facts() as { student?: { network?: unknown } };
  return student?.network === network;
}
