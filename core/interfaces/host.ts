/** What plugins need of the program that runs them. */
export interface Host {
  /** Prints a line to the user. */
  log(message: string): void;
  /** Aborted when the user interrupts. */
  signal: AbortSignal;
}
