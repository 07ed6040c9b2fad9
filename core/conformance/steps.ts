/** Runs the checks of a suite one by one, each under its name: `Deno.TestContext` is one. */
export interface Steps {
  step(name: string, check: () => void | Promise<void>): Promise<unknown>;
}
