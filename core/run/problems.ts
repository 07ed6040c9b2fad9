import { RunError } from "../errors.ts";
import { isOfSystem } from "../files/writing.ts";

/** What cannot be read of a run's folder, while the rest of it is. */
export class Problems {
  /** A sentence each. */
  readonly told: string[] = [];

  /** @returns what is read, or the other value where it cannot be; a defect of the program is thrown on. */
  async attempt<T>(read: () => T | Promise<T>, otherwise: T): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof RunError) && !isOfSystem(error)) throw error;
      this.told.push(error.message);
      return otherwise;
    }
  }
}
