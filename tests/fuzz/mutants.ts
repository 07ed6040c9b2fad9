import { Random } from "@seed/core";
import { mutate } from "./mutate.ts";
import type { Reader, Seed } from "./reader.ts";

/** Share of the mutants whose checksums are made right. */
const REPAIRED = 0.6;

/** A reader's mutants: each is a function of the seed of the fuzzing and of its own number. */
export class Mutants {
  private constructor(
    readonly reader: Reader,
    private readonly seeds: readonly Seed[],
    private readonly seed: number,
  ) {}

  static async of(reader: Reader, seed: number): Promise<Mutants> {
    return new Mutants(reader, await reader.seeds(), seed);
  }

  /** A seed of the reader's, with one of its files changed. */
  at(index: number): Seed {
    const random = new Random("fuzz", this.seed, this.reader.name, index),
      pick = <T>(all: readonly T[]) => all[random.below(all.length)];
    const seed = pick(this.seeds),
      victim = pick(seed.victims ?? Object.keys(seed.files)),
      other = pick(this.seeds);
    const given = { random, other: Object.values(other.files)[0], words: this.reader.words ?? [] };
    const mutant = mutate(seed.files[victim], given), { repair } = this.reader;
    return changed(seed, victim, repair && random.chance(REPAIRED) ? repair(mutant) : mutant);
  }

  /** A seed by its name, with a file replaced. */
  with({ seed: name, victim, bytes }: { seed: string; victim: string; bytes: Uint8Array }): Seed {
    const seed = this.seeds.find((one) => one.name === name);
    if (!seed) throw new Error(`The reader "${this.reader.name}" has no seed "${name}"`);
    return changed(seed, victim, bytes);
  }
}

function changed(seed: Seed, victim: string, bytes: Uint8Array): Seed {
  return { ...seed, files: { ...seed.files, [victim]: bytes }, victims: [victim] };
}
