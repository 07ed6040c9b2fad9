import { createHash } from "node:crypto";

/** Before the hash of the sources, on a line of `preprocess.js`. */
export const STAMP = "// sources: ";

/** All that is bundled. */
const SOURCES = [
  "preprocess.ts",
  ...["center_window.ts", "planes.ts", "reduction.ts", "resample.ts", "rows.ts", "taps.ts"].map((name) =>
    `../pipeline/${name}`
  ),
  ...["arena.ts", "kernels.wasm"].map((name) => `../pipeline/kernels/${name}`),
];

/** SHA-256 of the sources in hex; `preprocess.js` keeps that of those it was made of. */
export async function sourcesHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of SOURCES) {
    hash.update(`${name}\n`).update(await Deno.readFile(new URL(name, import.meta.url)));
  }
  return hash.digest("hex");
}
