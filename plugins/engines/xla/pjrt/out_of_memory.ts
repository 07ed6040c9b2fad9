/**
 * What is said when a device has not the memory for something.
 *
 * @module
 */
import { oneLine, RunError } from "@seed/core";
import { PjrtError } from "./api.ts";
import type { Client, DeviceMemory } from "./client.ts";

/** XLA lists all that lies in the memory; its first line says what it wanted. */
const TOLD = 300;

/** What the message needs to know of a client. */
export type MemoryFacts =
  & Pick<Client, "platform" | "deviceKind" | "memoryFraction">
  & { devices: readonly unknown[]; memory(): DeviceMemory | null };

/**
 * An error of want of memory, in its place one for the user; any other error, as it is.
 *
 * @param doing What was done, for example `run "training step"`.
 */
export function explainMemory(error: unknown, client: MemoryFacts, doing: string): unknown {
  if (!(error instanceof PjrtError && error.isOutOfMemory)) return error;
  const wanted = oneLine(error.reason.split("\n")[0].trim()).slice(0, TOLD).replace(/\.$/, "");
  return new RunError(
    `There is not enough memory to ${doing} on ${describe(client)}. XLA says: ${wanted}. ${
      adviceFor(client)
    }`,
    { cause: error },
  );
}

function describe(client: MemoryFacts): string {
  const { platform, deviceKind, devices: { length: count } } = client;
  if (platform === "cpu") return `this processor (${count} ${count === 1 ? "device" : "devices"})`;
  const memory = memoryOf(client), each = count > 1 ? "each with " : "";
  return `${count} ${deviceKind}${memory && ` (${each}${memory})`}`;
}

/** The first device's, which stands for all. */
function memoryOf(client: MemoryFacts): string {
  let memory: DeviceMemory | null;
  try {
    memory = client.memory();
  } catch (error) {
    if (error instanceof PjrtError) return ""; // that memory is short is what there is to tell
    throw error;
  }
  if (!memory) return "";
  const used = `${gigabytes(memory.used)} in use`;
  return memory.limit === null ? used : `${gigabytes(memory.limit)} for programs, ${used}`;
}

function adviceFor({ platform, memoryFraction, devices: { length: count } }: MemoryFacts): string {
  const less =
    "Take a smaller train.batch_size, or a larger train.accumulate, which runs the batch in more parts";
  if (platform === "cpu") return `${less}; or a machine with more memory`;
  return `${less}; train.precision and teacher.precision auto or bf16; more cards by engine.devices (now ${count}); or ` +
    `more of a card's memory by engine.memory_fraction (now ${
      memoryFraction ?? "0.75"
    }), if nothing else uses it`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
