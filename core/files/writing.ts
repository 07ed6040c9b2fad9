import { RunError } from "../errors.ts";

/**
 * Runs `write`; what the operating system refuses is the user's to mend.
 *
 * @throws {RunError} If it refuses.
 */
export async function writing(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && typeof error.code === "string")) throw error;
    throw new RunError(`Cannot write "${path}": ${error.message}`, { cause: error });
  }
}
