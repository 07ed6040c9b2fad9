/**
 * A plugin is foreign code that may end its process while it is loaded: one built for other instructions, or beside
 * other libraries than it was made for. So a process of its own loads it first, once for each file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { isFile, oneLine, writeTextAtomically, writingInCache } from "@seed/core";
import { SURVIVED } from "./load_library.ts";
import { badPlugin, checkPluginFile } from "./plugin_file.ts";

/** What a trial needs. */
export interface TrialOptions {
  /** The engine's folder in the cache: what came through is remembered there. */
  cacheDir: string;
  log(message: string): void;
  signal: AbortSignal;
  /** After so long, in milliseconds, a plugin is taken for hung. Default: 30 seconds. */
  patience?: number;
}

const TRIAL_PROCESS = import.meta.resolve("./trial_process.ts");

/** Of what a plugin prints, the end is told: so many characters. */
const TOLD = 400;

/**
 * Has another process load a plugin, unless one has before. That it came through is remembered by its path, size and
 * time of change.
 *
 * @throws {RunError} If the file is no library of this machine, or that process died or hung.
 */
export async function tryPlugin(path: string, options: TrialOptions): Promise<void> {
  checkPluginFile(path);
  const { cacheDir, log } = options, folder = `${cacheDir}/tried`;
  const { size, mtime } = await Deno.stat(path), what = JSON.stringify({ path, size, mtime });
  const note = `${folder}/${createHash("sha256").update(path).digest("hex").slice(0, 40)}.json`;
  if (await isFile(note) && await Deno.readTextFile(note) === what) return;
  await loadElsewhere(path, options);
  try {
    await writingInCache(folder, () => writeTextAtomically(note, what));
  } catch (error) {
    log(`The next start tries the plugin "${path}" again: ${(error as Error).message}`);
  }
}

async function loadElsewhere(path: string, { patience = 30_000, signal }: TrialOptions): Promise<void> {
  signal.throwIfAborted();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-config", "--allow-ffi", TRIAL_PROCESS, path],
    ...{ stdin: "null", stdout: "null", stderr: "piped", env: { NO_COLOR: "1" } },
  }).spawn();
  const words = new LastWords(child.stderr);
  const { isLate, status } = await ended(child, patience, signal);
  const said = await words.whenEnded();
  signal.throwIfAborted();
  if (isLate) throw badPlugin(path, `it was not loaded within ${patience / 1000} seconds${said}`);
  if (status.code === SURVIVED) return;
  const how = status.signal ? `by ${status.signal}` : `with code ${status.code}`;
  throw badPlugin(
    path,
    `it ended the process that loaded it, ${how}${said}. ${adviceOn(status.signal)}`,
  );
}

/** Waits for a process, and ends one that is late or no longer wanted. */
async function ended(child: Deno.ChildProcess, patience: number, signal: AbortSignal) {
  let isLate = false;
  const end = () => child.kill("SIGKILL");
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, patience);
  signal.addEventListener("abort", end);
  try {
    return { status: await child.status, isLate };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

/** The end of what a process prints. */
class LastWords {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #read: Promise<void>;
  #text = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.#read = this.#collect();
  }

  /** For a message, safe to print; what processes of the plugin's own still print is not waited for. */
  async whenEnded(): Promise<string> {
    const waited = setTimeout(() => this.#reader.cancel(), 500);
    await this.#read;
    clearTimeout(waited);
    const words = oneLine(this.#text.trim());
    return words ? `; its last words were "${words}"` : "";
  }

  async #collect(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      this.#text = (this.#text + decoder.decode(value, { stream: true })).slice(-TOLD);
    }
  }
}

function adviceOn(signal: Deno.Signal | null): string {
  return signal === "SIGILL"
    ? "It has instructions that this processor lacks: take one that was built for it"
    : "It is damaged, or lacks libraries that it needs: install it again";
}
