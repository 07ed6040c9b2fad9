import type { Client } from "../pjrt/client.ts";
import type { Executable } from "../pjrt/executable.ts";

/** Compiles programs. */
export class ProgramStore {
  constructor(private readonly client: Client) {}

  /**
   * @param name Of the traced function, for messages.
   * @throws {Error} With XLA's reason.
   */
  async compile(name: string, text: string): Promise<Executable> {
    try {
      return await this.client.compile(text);
    } catch (error) {
      throw new Error(`XLA cannot compile the traced function "${name}": ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
