/**
 * Errors that are the user's to mend: printed without a stack trace. Anything else is a defect of ours or a
 * plugin's and keeps its trace.
 *
 * @module
 */

/** Something outside the program is not as it must be: a file, a folder, a download, a device. Exit code 1. */
export class RunError extends Error {
  override name = "RunError";
}

/** The recipe or the command line is wrong. Exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * A run in several processes cannot go on: one of them is gone, or fits the others not. The message says which, and
 * why. Exit code 1.
 */
export class ProcessesError extends RunError {
  override name = "ProcessesError";
}
