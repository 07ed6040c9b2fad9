import { type ChosenEngine, type Device, RunError } from "@seed/core";
import { findCards, suits } from "@seed/engine-xla";

/** What is asked for, and whom to tell. */
export interface Asked {
  device: Device | "auto";
  devices: number | "all";
  /** Of the run, on this machine. */
  processes: number;
  log(message: string): void;
}

/**
 * XLA or TensorFlow.
 *
 * @param find Asks the driver for cards.
 * @throws {RunError} If a card is asked for, or several, and there are none that can be used.
 */
export function chooseEngine({ device, devices, processes, log }: Asked, find = findCards): ChosenEngine {
  const answer = suits({ device, processes }, find);
  if (answer.suits) return { plugin: "@seed/engine-xla", options: { devices } };
  if (devices !== "all") {
    const why = answer.reason ?? "TensorFlow computes here, on the processor";
    throw new RunError(
      `The recipe asks for engine.devices ${devices}, which are NVIDIA cards. ${why}; leave out engine.devices`,
    );
  }
  if (answer.reason !== null) log(`Computes with TensorFlow. ${answer.reason}`);
  return { plugin: "@seed/engine-tensorflow", options: {} };
}
