/**
 * Pinned npm packages in the user's cache, for what only some runs need: whatever `deno.lock` names is fetched by
 * everyone. Deno is the client; no install script runs.
 *
 * @module
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { RunError } from "../errors.ts";
import { type Installation, installOnce } from "./install_once.ts";

/** What to install, and where. */
export interface NpmPackage extends Omit<Installation, "what" | "from"> {
  name: string;
  version: string;
  /** A `deno.lock` of it and all it depends on, which pins their hashes. */
  lock: unknown;
}

/**
 * Installs a package unless it is there, and imports it.
 *
 * @returns what it exports.
 * @throws {RunError} If there is no network, a hash differs, the disk is full, or it does not load on this machine.
 */
export async function importNpmPackage(wanted: NpmPackage): Promise<unknown> {
  const { name, version, into } = wanted, what = `${name} ${version}`;
  await installNpmPackage(wanted);
  try {
    return createRequire(join(into, "deno.json"))(name);
  } catch (error) {
    throw new RunError(`Cannot load ${what} from ${into}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Installs a package unless it is there: for another process, which finds it by `deno.json` in the folder.
 *
 * @throws {RunError} If there is no network, a hash differs, or the disk is full.
 */
export async function installNpmPackage(wanted: NpmPackage): Promise<void> {
  const what = `${wanted.name} ${wanted.version}`;
  await installOnce({ ...wanted, what, from: "npm" }, (folder) => runDeno(folder, wanted));
}

async function runDeno(folder: string, { name, version, lock, signal }: NpmPackage): Promise<void> {
  const config = { nodeModulesDir: "auto", workspace: [], imports: { [name]: `npm:${name}@${version}` } };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(config));
  await Deno.writeTextFile(join(folder, "deno.lock"), JSON.stringify(lock));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--frozen", "--quiet", "--config", join(folder, "deno.json")],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal,
  }).output();
  signal.throwIfAborted();
  if (!success) throw explain(new TextDecoder().decode(stderr), `${name} ${version}`);
}

function explain(message: string, what: string): RunError {
  const tail = message.split("\nStack backtrace")[0].trim().split("\n").slice(-4).join("\n");
  const advice = /No space left|os error 28/.test(message)
    ? "the disk is full: free some space, or set SEED_CACHE_DIR to a folder elsewhere"
    : /integrity|checksum/i.test(message)
    ? "the download is not the pinned file: try again, and check the package registry and proxy if it persists"
    : /error sending request|dns error|timed out|connect/i.test(message)
    ? "the package registry cannot be reached: check the network, and npm's registry and proxy settings"
    : "Deno could not fetch it";
  return new RunError(`Cannot install ${what}: ${advice}\nIt said: ${tail}`);
}
