/**
 * Views a second of a core: MoCo-v2's augmentation of pixels that are decoded already, ours and torchvision's.
 *
 * @module
 */
import { Random } from "@seed/core";
import plugin from "@seed/augmenter-moco-v2";
import { pixels } from "../tests/golden/formula.ts";
import { testContext } from "../tests/support/engine.ts";
import { Contest, type Contestant, processorTime, ratio } from "./contest.ts";
import { Peer } from "./peer.ts";

/** Sides of the views, and of the pictures that they are cut from: an emoji's, and a usual photograph's. */
const SIZES = [{ view: 64, picture: 128 }, { view: 224, picture: 448 }];
/** Views of one call. */
const VIEWS = 64;

const peer = Peer.start("augmenter.py", [VIEWS]);
const versions = await peer?.ask<Record<string, string>>("describe");

const contests = await Promise.all(SIZES.map(async ({ view, picture }) => {
  const augmenter = await plugin.create(plugin.options.parse({ size: view }), testContext);
  const image = { data: pixels("bench", 1, picture), width: picture, height: picture };
  let made = 0;
  const views = async () => {
    for (let i = 0; i < VIEWS; i++) await augmenter.view(image, new Random(0, made++), view);
  };
  const ours: Contestant = { name: `SEED, ${view} px`, run: () => processorTime(views) };
  const theirs: Contestant = { name: `torchvision, ${view} px`, run: () => peer!.ask(`${view} ${picture}`) };
  const contestants = peer ? [ours, theirs] : [ours];
  return { contestants, contest: new Contest(`${view} px`, contestants, { turns: peer ? 3 : 1, cores: 1 }) };
}));

addEventListener("unload", () => {
  console.log(`\nOne core; ${Object.entries(versions ?? {}).map((pair) => pair.join(" ")).join(", ")}`);
  for (const { contest, contestants } of contests) {
    const [ours, theirs] = contestants.map(({ name }) => contest.cost(name));
    if (ours && theirs) console.log(`Ours / torchvision: ${ratio(ours, theirs)}`);
    const items = { count: VIEWS, name: "views" };
    console.log(contest.table(contestants.map(({ name }) => name), items).join("\n"));
  }
});
