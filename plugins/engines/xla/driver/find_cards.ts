/**
 * Which cards of this machine XLA can use, and why it cannot use the others.
 *
 * @module
 */
import { RunError } from "@seed/core";
import { BrokenDriverError, type Card, type CudaDriver, CudaError, openCudaDriver } from "./cuda_driver.ts";

/** What there is. */
export type FoundCards =
  /** No driver of NVIDIA, or a machine that the plugin is not built for. */
  | { readonly kind: "none"; readonly reason: string }
  /** A driver, but nothing that XLA can use. */
  | { readonly kind: "unusable"; readonly reason: string }
  | UsableCards;

/** Cards that XLA can use. */
export interface UsableCards {
  readonly kind: "usable";
  /** The driver's CUDA, for example `13.1`. */
  readonly cuda: string;
  readonly cards: readonly UsableCard[];
  /** Why the others are left out; none: there are no others. */
  readonly leftOut: readonly string[];
}

/** A card with its number among those that are visible. */
export interface UsableCard extends Card {
  readonly number: number;
}

/** CUDA that a driver must have for libraries of CUDA 13, and NVIDIA's first release with it. */
const LEAST_CUDA = 13000, LEAST_DRIVER = 580;
/** CUDA 13's compilers and libraries have code from this capability on: Turing. */
const LEAST_CAPABILITY = [7, 5] as const;
/** Below it, in bytes, CUDA's own libraries leave no room worth having. Not measured: cards have 2 GB, or 4 and more. */
const LEAST_MEMORY = 3e9;

/**
 * Asks the driver. Where there is none, nothing else is done, and nothing is printed.
 *
 * @param machine `os-arch`, as Deno calls them.
 */
export function findCards(
  open: () => CudaDriver | null = openCudaDriver,
  machine = `${Deno.build.os}-${Deno.build.arch}`,
): FoundCards {
  if (machine !== "linux-x86_64") {
    const reason = `XLA is installed for NVIDIA cards on Linux x86-64 only, and this machine is "${machine}"`;
    return { kind: "none", reason };
  }
  try {
    const driver = open();
    if (!driver) {
      return { kind: "none", reason: "This machine has no NVIDIA driver (no libcuda.so.1 is found)" };
    }
    return askDriver(driver);
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === null) throw error;
    return { kind: "unusable", reason };
  }
}

/**
 * The cards that XLA computes on, which are all that it sees.
 *
 * @throws {RunError} If it can use none, or sees others too.
 */
export function requireCards(found: FoundCards): readonly UsableCard[] {
  if (found.kind !== "usable") {
    throw new RunError(
      `The engine xla computes on NVIDIA cards. ${found.reason}. To compute on the processor set another engine, ` +
        `--set 'engine={ plugin: "@seed/engine-tensorflow" }'; another plugin of XLA is named by SEED_PJRT_PLUGIN`,
    );
  }
  if (found.leftOut.length === 0) return found.cards;
  const visible = Deno.env.get("CUDA_VISIBLE_DEVICES")?.split(",");
  const numbers = found.cards.map(({ number }) => visible?.[number]?.trim() ?? number).join(",");
  throw new RunError(
    `${
      found.leftOut.join(". ")
    }. XLA would take all cards that it sees: hide it by CUDA_VISIBLE_DEVICES=${numbers}`,
  );
}

/** Whether all cards compute in bf16, as they do from Ampere on. */
export function haveBf16(cards: readonly Card[]): boolean {
  return cards.every(({ capability: [major] }) => major >= 8);
}

/** A card for people. */
export function describeCard({ name, memory, capability }: Card): string {
  return `${name} (${gigabytes(memory)}, compute capability ${capability.join(".")})`;
}

function askDriver(driver: CudaDriver): FoundCards {
  const version = driver.version();
  if (version < LEAST_CUDA) {
    const reason =
      `The NVIDIA driver has CUDA ${cudaText(version)}, and XLA needs ${cudaText(LEAST_CUDA)}: ` +
      `install the NVIDIA driver ${LEAST_DRIVER} or a later one`;
    return { kind: "unusable", reason };
  }
  driver.init();
  const numbers = Array.from({ length: driver.count() }, (_, number) => number);
  if (numbers.length === 0) return { kind: "unusable", reason: withoutCard() };
  const all = numbers.map((number) => ({ number, ...driver.card(number) }));
  const faults = all.map(faultOf), cards = all.filter((_, i) => faults[i] === null);
  const leftOut = faults.filter((fault) => fault !== null);
  if (cards.length === 0) return { kind: "unusable", reason: leftOut.join(". ") };
  return { kind: "usable", cuda: cudaText(version), cards, leftOut };
}

/** Why XLA cannot use a card; null: it can. */
function faultOf(card: UsableCard): string | null {
  const [major, minor] = card.capability, [leastMajor, leastMinor] = LEAST_CAPABILITY;
  const which = `The card ${card.number}, ${describeCard(card)},`;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    return `${which} is too old for XLA, which needs compute capability ${LEAST_CAPABILITY.join(".")}`;
  }
  if (card.memory >= LEAST_MEMORY) return null;
  return `${which} is too small for XLA, which needs ${gigabytes(LEAST_MEMORY)}`;
}

/** What a failure says of the machine; null: it is none of the driver's. */
function reasonOf(error: unknown): string | null {
  if (error instanceof BrokenDriverError) {
    return `The NVIDIA driver's library libcuda.so.1 cannot be loaded: ${error.message}; install the driver again`;
  }
  if (!(error instanceof CudaError)) return null;
  if (error.status === "CUDA_ERROR_NO_DEVICE") return withoutCard();
  const advice = error.status === "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"
    ? "the driver was changed while it ran: restart the machine"
    : "look at what `nvidia-smi` says, and restart the machine if the driver was changed";
  return `The NVIDIA driver does not work: ${error.message}; ${advice}`;
}

function withoutCard(): string {
  const visible = Deno.env.get("CUDA_VISIBLE_DEVICES");
  return visible === undefined
    ? "The NVIDIA driver finds no card: look at what `nvidia-smi` says; a container must be given its cards"
    : `The NVIDIA driver shows no card, for CUDA_VISIBLE_DEVICES is "${visible}": unset it, or give it the cards' ` +
      'numbers, for example "0,1"';
}

function cudaText(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor(version % 1000 / 10)}`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1).replace(/\.0$/, "")} GB`;
}
