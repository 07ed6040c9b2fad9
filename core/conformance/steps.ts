/** Runs the checks of a suite one by one, each under its name: `Deno.TestContext` is one. */
export interface Steps {
  step(name: string, check: () => void | Promise<void>): Promise<unknown>;
  /** A check that does not apply, to be shown as such and not run. */
  step(ignored: { name: string; ignore: true; fn: () => void }): Promise<unknown>;
}

/** Shows a check that does not apply here, with the reason. */
export async function ignoreStep(t: Steps, name: string, reason: string): Promise<void> {
  await t.step({ name: `${name} (${reason})`, ignore: true, fn() {} });
}
