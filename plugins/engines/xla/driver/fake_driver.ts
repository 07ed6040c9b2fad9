import { type Card, type CudaDriver, CudaError } from "./cuda_driver.ts";

/** A driver for tests: what it is not given is as a machine with one good card has it. */
export function fakeDriver(
  { version = 13000, cards = [RTX_3090], init = null }: {
    version?: number;
    cards?: readonly Card[];
    /** Code and name of the error that it gives when it is started. */
    init?: readonly [code: number, status: string] | null;
  } = {},
): CudaDriver {
  let started = false;
  const whenStarted = <T>(call: string, value: T): T => {
    if (!started) throw new CudaError(call, 3, "CUDA_ERROR_NOT_INITIALIZED");
    return value;
  };
  return {
    version: () => version,
    init() {
      if (init) throw new CudaError("cuInit", ...init);
      started = true;
    },
    count: () => whenStarted("cuDeviceGetCount", cards.length),
    card: (number) => whenStarted("cuDeviceGet", cards[number]),
  };
}

export const RTX_3090: Card = { name: "NVIDIA GeForce RTX 3090", memory: 25_300_000_000, capability: [8, 6] };
export const TESLA_T4: Card = { name: "Tesla T4", memory: 15_800_000_000, capability: [7, 5] };
export const GTX_1080: Card = { name: "NVIDIA GeForce GTX 1080", memory: 8_500_000_000, capability: [6, 1] };
export const MX450: Card = { name: "NVIDIA GeForce MX450", memory: 2_100_000_000, capability: [7, 5] };
