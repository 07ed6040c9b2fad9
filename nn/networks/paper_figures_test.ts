import assert from "node:assert/strict";
import { NETWORKS } from "./networks.ts";
import { PAPER_FIGURES } from "./paper_figures.ts";

Deno.test("published figures are of networks that there are, and SEED improves each of them", () => {
  for (const [name, { alone, distilled }] of Object.entries(PAPER_FIGURES)) {
    assert.ok(NETWORKS.has(name), name);
    if (distilled) assert.ok(distilled.top1 > alone.top1, name);
  }
});
