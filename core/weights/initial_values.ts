import { AsyncLocalStorage } from "node:async_hooks";

const SET_LATER = new AsyncLocalStorage<true>();

/**
 * Makes a network whose every value is set right after: `TrainableParameters` of `@seed/nn` draws none for it, which
 * takes seconds for a large one.
 */
export async function withValuesSetLater<T>(make: () => Promise<T>): Promise<T> {
  return await SET_LATER.run(true, make);
}

/** Whether what is being made is to have values of its own; false: all are set right after. */
export function needsInitialValues(): boolean {
  return SET_LATER.getStore() === undefined;
}
