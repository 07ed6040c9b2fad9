/**
 * How pip is called: as none of the folder's modules, and with those of its user's settings that say where packages
 * come from. Those that say where they go are for the user's own installations.
 *
 * @module
 */
import { parse } from "node:path";
import { RunError } from "../errors.ts";

/** A way to call pip that works. */
export interface PipProgram {
  readonly program: string;
  /** Before pip's own arguments. */
  readonly args: readonly string[];
  /** Folder to call it in; null: any. */
  readonly cwd: string | null;
}

/** `-I`: without the folder's own modules, of which one may be called `pip.py`, and without `PYTHON...` variables. */
const ISOLATED = ["-I", "-m", "pip"], PLAIN = ["-m", "pip"];

const WAYS: readonly (readonly [program: string, args: readonly string[]])[] = [
  ["python3", ISOLATED],
  ["python", ISOLATED],
  ["py", ISOLATED],
  // A pip that only its user has, and Python 2, are not found in isolation.
  ["python3", PLAIN],
  ["python", PLAIN],
  ["py", PLAIN],
  ["pip3", []],
  ["pip", []],
];

/**
 * The first of the usual ways to call pip that works.
 *
 * @throws {RunError} If none does.
 */
export async function findPip(): Promise<PipProgram> {
  for (const [program, args] of WAYS) {
    // Python looks for modules in the folder that it is called in: nobody but the machine's owner writes here.
    const cwd = args === PLAIN ? parse(Deno.execPath()).root : null, way = { program, args, cwd };
    try {
      const { success } = await pipCommand(way, ["--version"], { stdout: "null", stderr: "null" }).output();
      if (success) return way;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) {
        throw error;
      }
    }
  }
  const tried = WAYS.filter(([, args]) => args !== PLAIN).map(([program, args]) =>
    `"${nameOf({ program, args })}"`
  );
  throw new RunError(`Cannot find pip (tried ${tried.join(", ")}); install Python 3 with pip and try again`);
}

/** How people call it. */
export function nameOf({ program, args }: Pick<PipProgram, "program" | "args">): string {
  return [program, ...args.filter((arg) => arg !== "-I")].join(" ");
}

/** A call of pip. */
export function pipCommand(
  { program, args, cwd }: PipProgram,
  pipArguments: readonly string[],
  options: Deno.CommandOptions,
): Deno.Command {
  return new Deno.Command(program, {
    ...options,
    args: [...args, ...pipArguments],
    ...cwd !== null && { cwd },
    env: { ...pipEnvironment(Deno.env.toObject()), ...options.env },
    clearEnv: true,
    stdin: "null",
  });
}

/** pip's settings that say how packages come here, and where from. */
const SETTINGS = new Set([
  ...["CONFIG_FILE", "INDEX_URL", "PYPI_URL", "EXTRA_INDEX_URL", "NO_INDEX", "FIND_LINKS", "TRUSTED_HOST"],
  ...["PROXY", "CERT", "CLIENT_CERT", "TIMEOUT", "DEFAULT_TIMEOUT", "RETRIES", "RESUME_RETRIES", "ISOLATED"],
  ...["CACHE_DIR", "NO_CACHE_DIR", "KEYRING_PROVIDER", "USE_FEATURE", "USE_DEPRECATED"],
]);

/** Variables that count more than the same settings in pip's files. */
const OVERRIDES = {
  PIP_USER: "0",
  PIP_REQUIRE_VIRTUALENV: "0",
  PIP_DRY_RUN: "0",
  PIP_UPGRADE: "0",
  PIP_EXISTS_ACTION: "w",
  PIP_ROOT_USER_ACTION: "ignore",
  PYTHONWARNINGS: "ignore",
};

/** The environment for pip: the user's, without what says where and how their own packages are installed. */
export function pipEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => {
    const [, setting] = name.toUpperCase().match(/^PIP_(.*)$/) ?? [];
    return setting === undefined || SETTINGS.has(setting);
  });
  return { ...Object.fromEntries(kept), ...OVERRIDES };
}
