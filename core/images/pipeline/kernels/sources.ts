import { createHash } from "node:crypto";

const FOLDER = new URL("./assembly/", import.meta.url);

/** SHA-256 of the kernels' sources in hex; kernels.wasm keeps that of those it was made of. */
export async function sourcesHash(): Promise<string> {
  const names = Array.from(Deno.readDirSync(FOLDER), ({ name }) => name).sort(), hash = createHash("sha256");
  for (const name of names) hash.update(`${name}\n`).update(await Deno.readFile(new URL(name, FOLDER)));
  return hash.digest("hex");
}
