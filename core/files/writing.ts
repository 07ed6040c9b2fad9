import { RunError } from "../errors.ts";

/** The operating system did not let a file or a folder be written: no room, no right, no disk. */
export class WriteError extends RunError {}

/**
 * Runs `write`; what the operating system refuses is the user's to mend.
 *
 * @throws {WriteError} If it refuses.
 */
export async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw explained(path, error);
  }
}

/**
 * The same where nothing can be waited for.
 *
 * @throws {WriteError} If the operating system refuses.
 */
export function writingSync<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw explained(path, error);
  }
}

function explained(path: string, error: unknown): unknown {
  if (!isOfSystem(error)) return error;
  return new WriteError(`Cannot write "${path}": ${error.message}`, { cause: error });
}

/**
 * Whether an error is the operating system's. Deno gives most of those its code, for example `ENOSPC`, and all its
 * number: a file that is too large has no code.
 */
export function isOfSystem(error: unknown): error is Error {
  return error instanceof Error &&
    ("code" in error && typeof error.code === "string" || / \(os error \d+\)/.test(error.message));
}
