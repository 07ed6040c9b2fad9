/**
 * Views a second of a core, from the bytes of JPEGs of several sizes: decoded in full, and reduced.
 *
 * @module
 */
import { Random } from "@seed/core";
import plugin from "@seed/augmenter-moco-v2";
import { testContext } from "../tests/support/engine.ts";
import { Contest, type Contestant, processorTime, ratio } from "./contest.ts";
import { drawPhotographs } from "./photographs.ts";

const SIZE = 224;
/** Millions of pixels of a photograph, its sides, how many of them there are, and views of one call. */
const PHOTOGRAPHS = [
  { megapixels: 0.2, width: 500, height: 375, files: 16, views: 64 },
  { megapixels: 2, width: 1632, height: 1224, files: 8, views: 32 },
  { megapixels: 8, width: 3264, height: 2448, files: 4, views: 12 },
  { megapixels: 24, width: 6000, height: 4000, files: 2, views: 6 },
];
const TURNS = 4;

const before = Deno.loadavg()[0];
const contests = await Promise.all(PHOTOGRAPHS.map(async ({ megapixels, files, views, ...size }) => {
  const folder = await Deno.makeTempDir();
  const drawn = await drawPhotographs(folder, files, size);
  const photographs = await Promise.all(drawn.map((file) => Deno.readFile(file)));
  await Deno.remove(folder, { recursive: true });
  const contestants = await Promise.all((["exact", "reduced"] as const).map(async (decode) => {
    const augmenter = await plugin.create(plugin.options.parse({ size: SIZE, decode }), testContext);
    // Both make the same views in the same order.
    let made = 0;
    const run = async () => {
      for (let i = 0; i < views; i++, made++) {
        await augmenter.view(photographs[made % files], new Random("view", made), SIZE);
      }
    };
    return { name: `${megapixels} MP, ${decode}`, run: () => processorTime(run) } satisfies Contestant;
  }));
  const contest = new Contest(`${megapixels} MP`, contestants, { turns: TURNS, cores: 1 });
  return { contest, contestants, views, bytes: photographs[0].length };
}));

addEventListener("unload", () => {
  const load = [before, Deno.loadavg()[0]].map((value) => value.toFixed(1));
  console.log(`\nOne core; load of the machine ${load[0]} at the start, ${load[1]} at the end`);
  for (const { contest, contestants, views, bytes } of contests) {
    const [exact, reduced] = contestants.map(({ name }) => contest.cost(name));
    if (exact && reduced) console.log(`${bytes} bytes; exact / reduced: ${ratio(reduced, exact)}`);
    console.log(
      contest.table(contestants.map(({ name }) => name), { count: views, name: "views" }).join("\n"),
    );
  }
});
