import { createHash } from "node:crypto";
import {
  boundFolder,
  checkSha256,
  formatDuration,
  markUsed,
  writeAtomically,
  writingInCache,
} from "@seed/core";
import type { Client } from "../pjrt/client.ts";
import type { Executable } from "../pjrt/executable.ts";
import { explainMemory } from "../pjrt/out_of_memory.ts";
import { processorFeatures } from "./processor_features.ts";

/** Where compiled programs are kept. */
export interface StoreOptions {
  /** Made if need be; null: they are not kept. */
  folder: string | null;
  log(message: string): void;
  /** Bytes of all programs that are kept; those used longest ago go. Default: no bound. */
  most?: number;
  /** Programs that took so long to compile are kept; in seconds, default 1. */
  keepFrom?: number;
  /** After so long, in milliseconds, it is said that XLA compiles. Default: 5 seconds. */
  patience?: number;
}

/** Bytes of a SHA-256, which a file begins with: that of what follows. */
const HASH_BYTES = 32;

/** How the names of files end. */
const ENDING = ".xla";

/**
 * Compiles programs, and keeps those that took long, so that the next start loads them. A file is named by all that
 * the program depends on: its text and options, the plugin's content, the kind of device.
 */
export class ProgramStore {
  #plugin: Promise<string> | null = null;

  constructor(private readonly client: Client, private readonly options: StoreOptions) {}

  /**
   * Compiles a program, or loads it if it is kept.
   *
   * @param name Of the traced function, for messages.
   * @throws {Error} With XLA's reason.
   */
  async compile(name: string, text: string): Promise<Executable> {
    const { folder, keepFrom = 1 } = this.options;
    const file = folder === null ? null : `${folder}/${await this.#keyOf(text)}${ENDING}`;
    const kept = file && await this.#load(name, file);
    if (kept) return kept;
    const started = performance.now(), program = await this.#compileAnew(name, text);
    const seconds = (performance.now() - started) / 1000;
    if (file && seconds >= keepFrom) await this.#keep(name, program, file);
    return program;
  }

  async #compileAnew(name: string, text: string): Promise<Executable> {
    const { folder, log, patience = 5000 } = this.options, started = performance.now();
    const later = folder === null ? "" : `; later starts take it from "${folder}"`;
    let isTold = false;
    const timer = setTimeout(() => {
      isTold = true;
      log(`XLA compiles "${name}"${later}`);
    }, patience);
    try {
      const program = await this.client.compile(text);
      if (isTold) {
        log(`XLA has compiled "${name}" in ${formatDuration((performance.now() - started) / 1000)}`);
      }
      return program;
    } catch (error) {
      const explained = explainMemory(error, this.client, `compile "${name}"`);
      if (explained !== error) throw explained;
      throw new Error(`XLA cannot compile the traced function "${name}": ${(error as Error).message}`, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Null: it is not there, or of no use. */
  async #load(name: string, file: string): Promise<Executable | null> {
    const bytes = await readIfThere(file);
    if (bytes === null) return null;
    const program = bytes.subarray(HASH_BYTES),
      anew = (why: string) => {
        this.options.log(`The compiled program "${file}" ${why}: XLA compiles "${name}" anew`);
        return null;
      };
    if (hashOf(program).compare(bytes.subarray(0, HASH_BYTES)) !== 0) return anew("is damaged");
    try {
      const loaded = await this.client.load(program.slice());
      await markUsed(file);
      return loaded;
    } catch (error) {
      return anew(`cannot be loaded (${(error as Error).message})`);
    }
  }

  /** A program that cannot be kept runs all the same. */
  async #keep(name: string, program: Executable, file: string): Promise<void> {
    const { log, most = Infinity } = this.options, folder = this.options.folder!;
    try {
      const bytes = program.serialize();
      if (bytes.length > most) {
        log(
          `The compiled program of "${name}" is not kept: it has ${bytes.length} bytes, and all may have ${most}`,
        );
        return;
      }
      await writingInCache(folder, () => writeAtomically(file, [hashOf(bytes), bytes]));
    } catch (error) {
      log(`The compiled program of "${name}" is not kept: ${(error as Error).message}`);
      return;
    }
    try {
      await writingInCache(folder, () => boundFolder(folder, { most, ending: ENDING }));
    } catch (error) {
      log(`Compiled programs that were used long ago are not removed: ${(error as Error).message}`);
    }
  }

  async #keyOf(text: string): Promise<string> {
    const { api, options, platformVersion, deviceKind, platform } = this.client;
    this.#plugin ??= checkSha256(api.path, null);
    const device = [platformVersion, deviceKind, platform === "cpu" ? processorFeatures() : ""];
    const flags = Deno.env.get("XLA_FLAGS") ?? "";
    const parts = [await this.#plugin, ...device, flags, options, text];
    const hash = createHash("sha256");
    for (const part of parts) hash.update(`${part.length}\n`).update(part);
    return hash.digest("hex").slice(0, 40);
  }
}

function hashOf(bytes: Uint8Array) {
  return createHash("sha256").update(bytes).digest();
}

/** Another process may remove a file at any time. */
async function readIfThere(file: string): Promise<Uint8Array | null> {
  try {
    return await Deno.readFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}
