/**
 * Lets signals be heard in the midst of long arithmetic.
 *
 * @throws What the signal was aborted with.
 */
export async function breathe(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal?.throwIfAborted();
}
