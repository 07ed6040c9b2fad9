/** Valid files that belong together; in a mutant one of them is changed. */
export interface Seed {
  /** What tells it from the reader's other seeds. */
  readonly name: string;
  /** By their paths in a folder. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Those that are changed; default: all. */
  readonly victims?: readonly string[];
}

/** Something that reads what comes from outside. */
export interface Reader {
  readonly name: string;
  /** The same ones whenever it is called. */
  seeds(): Promise<readonly Seed[]> | readonly Seed[];
  /**
   * Reads the files of a seed.
   *
   * @throws {RunError} If something is wrong with them; any other error is a fault.
   */
  read(folder: string, seed: Seed): Promise<void> | void;
  /** Makes checksums right, so that mutants get past them; done to some mutants. */
  repair?(bytes: Uint8Array): Uint8Array;
  /** What an error must name; default: one of the seed's files, or the folder. */
  readonly names?: readonly string[];
  /** Words of the format, which get mutants further than random bytes. */
  readonly words?: readonly string[];
  /** Seconds that a mutant may take; default 2. */
  readonly seconds?: number;
  /** Bytes that reading may take for what it has accepted, beyond the files' size and 64 MB. */
  accepts?(folder: string, seed: Seed): Promise<number>;
}

/** What became of a mutant. */
export type Outcome =
  | { readonly kind: "accepted" | "refused" }
  /** What must not be. */
  | { readonly kind: "fault"; readonly what: string };
