import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { crc32 } from "node:zlib";
import { RunError } from "../errors.ts";
import { installArguments } from "./pip_package.ts";
import { findPip, nameOf, pipCommand } from "./pip_program.ts";

const PACKAGE = "seed_probe", VERSION = "1.0";

/**
 * Tries what an installation needs of pip, without a network: that it installs a wheel, made here, into a folder, with
 * the settings that this machine has. The folder is removed again.
 *
 * @param pipArguments As for {@link installPackage}.
 * @returns pip's version, and how it is called.
 * @throws {RunError} If there is no pip, or it cannot do that; the message is pip's own.
 */
export async function checkPip(
  pipArguments: readonly string[] = [],
): Promise<{ version: string; name: string }> {
  const pip = await findPip(), name = nameOf(pip);
  const told = await pipCommand(pip, ["--version"], { stdout: "piped", stderr: "null" }).output();
  const [, version = "?"] = new TextDecoder().decode(told.stdout).match(/^pip (\S+)/) ?? [];
  const folder = await Deno.makeTempDir({ prefix: "seed-pip-" });
  try {
    const wheel = join(folder, `${PACKAGE}-${VERSION}-py3-none-any.whl`), bytes = probeWheel();
    await Deno.writeFile(wheel, bytes);
    const requirements = join(folder, "requirements.txt"), target = join(folder, "target");
    const hash = createHash("sha256").update(bytes).digest("hex");
    await Deno.writeTextFile(
      requirements,
      `${pathToFileURL(wheel).href} --hash=sha256:${hash}\n`,
    );
    const args = installArguments(target, requirements, pipArguments);
    const { success, stderr } = await pipCommand(pip, args, {
      env: { TMPDIR: folder },
      stdout: "null",
      stderr: "piped",
    }).output();
    const installed = await Deno.stat(join(target, PACKAGE, "__init__.py")).then(() => true, () => false);
    if (success && installed) return { version, name };
    const said = new TextDecoder().decode(stderr).trim().split(/\r?\n/).slice(-4).join("\n");
    throw new RunError(
      `pip ${version} (${name}) cannot install into a folder; look at \`${name} config list\` and the PIP_ variables\n` +
        `It said: ${said || "nothing"}`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A wheel with an empty module. */
function probeWheel(): Uint8Array<ArrayBuffer> {
  const info = `${PACKAGE}-${VERSION}.dist-info`;
  const files: Record<string, string> = {
    [`${PACKAGE}/__init__.py`]: "",
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${PACKAGE}\nVersion: ${VERSION}\n`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: seed\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  };
  const record = [...Object.keys(files), `${info}/RECORD`].map((path) => `${path},,\n`).join("");
  return storedZip({ ...files, [`${info}/RECORD`]: record });
}

/** A zip file whose members are stored as they are (PKWARE's APPNOTE, 4.3). */
function storedZip(files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder(), members: Uint8Array[] = [], directory: Uint8Array[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const name = encoder.encode(path), content = encoder.encode(text);
    // Version 2.0, no flags, stored, 1980-01-01.
    const common = numbers(
      [20, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [0x21, 2],
      [crc32(content), 4],
      [content.length, 4],
      [
        content.length,
        4,
      ],
      [name.length, 2],
      [0, 2],
    );
    const member = [numbers([0x04034b50, 4]), common, name, content];
    directory.push(
      ...[
        numbers([0x02014b50, 4], [20, 2]),
        common,
        numbers([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
        name,
      ],
    );
    members.push(...member);
    offset += lengthOf(member);
  }
  const count = Object.keys(files).length;
  const end = numbers(
    [0x06054b50, 4],
    [0, 4],
    [count, 2],
    [count, 2],
    [lengthOf(directory), 4],
    [offset, 4],
    [0, 2],
  );
  return Uint8Array.from([...members, ...directory, end].flatMap((part) => [...part]));
}

/** Whole numbers, each in as many bytes, little-endian. */
function numbers(...fields: readonly (readonly [value: number, bytes: number])[]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([value, bytes]) => Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff)),
  );
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
