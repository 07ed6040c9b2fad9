import { installPackage, isInstalled, RunError } from "@seed/core";

/** Version that is installed, and that the engine is tested with. */
export const TENSORFLOW_VERSION = "2.21.0";

/** Where TensorFlow's libraries lie. */
export interface Library {
  /** The folder `tensorflow` of an installed wheel. */
  directory: string;
  /** Opened first; null where one file holds everything. */
  framework: string | null;
  main: string;
  /** False if the user named it with `SEED_TENSORFLOW_DIR`. */
  installed: boolean;
}

/** A wheel on PyPI, and the files that the C API is in. */
interface Wheel {
  name: "tensorflow" | "tensorflow-cpu";
  platform: string;
  sha256: string;
  framework: string | null;
  main: string;
}

const LINUX = { framework: "libtensorflow_framework.so.2", main: "libtensorflow_cc.so.2" };

/** By `os-arch`. All wheels are the ones for CPython 3.12; nothing of Python is used. */
const WHEELS: Record<string, Wheel> = {
  "linux-x86_64": {
    name: "tensorflow-cpu",
    platform: "manylinux_2_27_x86_64",
    sha256: "dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb",
    ...LINUX,
  },
  "linux-aarch64": {
    name: "tensorflow",
    platform: "manylinux_2_27_aarch64",
    sha256: "b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552",
    ...LINUX,
  },
  "darwin-aarch64": {
    name: "tensorflow",
    platform: "macosx_12_0_arm64",
    sha256: "56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712",
    framework: "libtensorflow_framework.2.dylib",
    main: "libtensorflow_cc.2.dylib",
  },
  "windows-x86_64": {
    name: "tensorflow-cpu",
    platform: "win_amd64",
    sha256: "13ed4af80e5c5ddd6849323abecb4804eb2770f7570b57fe20208ad1e58c5d12",
    framework: null,
    main: "python/_pywrap_tensorflow_common.dll",
  },
};

/** Finds TensorFlow: `SEED_TENSORFLOW_DIR` if it is set, else the installed one, which is installed if need be. */
export async function findLibrary(
  options: { cacheDir: string; log(message: string): void; signal: AbortSignal },
): Promise<Library> {
  const wheel = wheelForThisMachine();
  if (namedFolder() === undefined) await install(wheel, options);
  return await libraryOf(wheel, options.cacheDir);
}

/** The one that {@link findLibrary} would find, or null if it would have to install it. */
export async function findInstalledLibrary({ cacheDir }: { cacheDir: string }): Promise<Library | null> {
  const wheel = wheelForThisMachine();
  if (namedFolder() === undefined && !await isInstalled(placeOf(wheel, cacheDir))) return null;
  return await libraryOf(wheel, cacheDir);
}

function wheelForThisMachine(): Wheel {
  const machine = `${Deno.build.os}-${Deno.build.arch}`, wheel = WHEELS[machine];
  if (wheel) return wheel;
  throw new RunError(
    `TensorFlow ${TENSORFLOW_VERSION} has no wheel for "${machine}"; there are ones for ${
      Object.keys(WHEELS).join(", ")
    }`,
  );
}

function namedFolder(): string | undefined {
  return Deno.env.get("SEED_TENSORFLOW_DIR") || undefined;
}

/** Where a wheel is installed, and what must be there then. */
function placeOf(wheel: Wheel, cacheDir: string): { into: string; expect: string[] } {
  return {
    into: `${cacheDir}/${wheel.name}-${TENSORFLOW_VERSION}-${wheel.platform}`,
    expect: [`tensorflow/${wheel.main}`],
  };
}

async function libraryOf(wheel: Wheel, cacheDir: string): Promise<Library> {
  const named = namedFolder(), directory = named ?? `${placeOf(wheel, cacheDir).into}/tensorflow`;
  const library = {
    directory,
    framework: wheel.framework && `${directory}/${wheel.framework}`,
    main: `${directory}/${wheel.main}`,
    installed: named === undefined,
  };
  await checkExists(library.main);
  return library;
}

async function install(
  wheel: Wheel,
  options: { cacheDir: string; log(message: string): void; signal: AbortSignal },
): Promise<void> {
  await installPackage({
    name: wheel.name,
    version: TENSORFLOW_VERSION,
    // The same wheel whatever Python runs pip.
    pipArguments: [
      "--python-version",
      "3.12",
      "--implementation",
      "cp",
      "--abi",
      "cp312",
      "--platform",
      wheel.platform,
    ],
    sha256: [wheel.sha256],
    ...placeOf(wheel, options.cacheDir),
    log: options.log,
    signal: options.signal,
  });
}

async function checkExists(file: string): Promise<void> {
  try {
    await Deno.stat(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new RunError(
      `SEED_TENSORFLOW_DIR names a folder without "${file}"; it must be the folder "tensorflow" of an installed tensorflow wheel`,
    );
  }
}
