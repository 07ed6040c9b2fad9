import { type ChosenEngine, type Device, RunError } from "@seed/core";
import { findCards, suits } from "@seed/engine-xla";

/** What is asked for, and whom to tell. */
export interface Asked {
  device: Device | "auto";
  devices: number | "all";
  memoryFraction: number | null;
  /** Of the run, on this machine. */
  processes: number;
  log(message: string): void;
}

/**
 * XLA or TensorFlow.
 *
 * @param find Asks the driver for cards.
 * @throws {RunError} If a card, several, or a part of its memory are asked for, and there are none that can be used.
 */
export function chooseEngine(
  { device, devices, memoryFraction, processes, log }: Asked,
  find = findCards,
): ChosenEngine {
  const answer = suits({ device, processes }, find);
  if (answer.suits) {
    return { plugin: "@seed/engine-xla", options: { devices, memory_fraction: memoryFraction } };
  }
  const why = answer.reason ?? "TensorFlow computes here, on the processor";
  const refuse = (option: string, what: string) =>
    new RunError(
      `The recipe asks for engine.${option}, which ${what}. ${why}; leave out engine.${option.split(" ")[0]}`,
    );
  if (devices !== "all") throw refuse(`devices ${devices}`, "are NVIDIA cards");
  if (memoryFraction !== null) {
    throw refuse(`memory_fraction ${memoryFraction}`, "is of an NVIDIA card's memory");
  }
  if (answer.reason !== null) log(`Computes with TensorFlow. ${answer.reason}`);
  return { plugin: "@seed/engine-tensorflow", options: {} };
}
