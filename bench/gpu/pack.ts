/**
 * Lays into one folder all that a measurement on a card needs, for a machine without a network: Deno as it is here,
 * the project as one file, PyTorch's step. `deno run --allow-all bench/gpu/pack.ts [FOLDER]`, by default `.gpu`.
 *
 * @module
 */
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";

/** What may be carried to such a machine in one go is 64 MiB; the rest is for other things. */
const MOST = 60 * 2 ** 20;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

async function main(): Promise<void> {
  const folder = Deno.args[0] ?? `${ROOT}.gpu`;
  await Deno.mkdir(folder, { recursive: true });
  const bundle = new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--output",
      `${await Deno.realPath(folder)}/measure.js`,
      "bench/gpu/measure.ts",
    ],
    cwd: ROOT,
  }).output();
  const gzip = pipeline(
    createReadStream(Deno.execPath()),
    createGzip({ level: 6 }),
    createWriteStream(`${folder}/deno.gz`),
  );
  for (const name of ["measure.sh", "peer.py"]) {
    await Deno.copyFile(`${ROOT}bench/gpu/${name}`, `${folder}/${name}`);
  }
  await gzip;
  const { success, stderr } = await bundle;
  if (!success) throw new Error(`deno bundle failed: ${new TextDecoder().decode(stderr)}`);
  await Deno.remove(`${folder}/deno`).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // of an earlier version, unpacked there
  });
  let bytes = 0;
  for (const name of ["measure.js", "deno.gz", "measure.sh", "peer.py"]) {
    bytes += (await Deno.stat(`${folder}/${name}`)).size;
  }
  const size = `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  if (bytes > MOST) throw new Error(`"${folder}" has ${size}, expected at most ${MOST / 2 ** 20} MiB`);
  console.log(
    `"${folder}" has ${size}; on the machine with the card: bash measure.sh OUT card conformance ...`,
  );
}

if (import.meta.main) await main();
