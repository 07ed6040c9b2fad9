import type { RunDirectory } from "../run_directory.ts";
import { renderRun } from "./page.ts";
import { readRun } from "./run_content.ts";

/** Writes the report of a run that is over into its folder, from the files that it has written. */
export async function writeReport(directory: RunDirectory): Promise<void> {
  const run = await readRun(directory);
  // It is this process that writes it, at its end.
  await directory.writeText("report", renderRun({ ...run, state: "finished" }));
}
