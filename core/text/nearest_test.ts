import assert from "node:assert/strict";
import { nearest } from "./nearest.ts";

const KEYS = [
  "batch_size",
  "epochs",
  "lr",
  "momentum",
  "weight_decay",
  "schedule",
  "schedule_by",
  "warmup_epochs",
];

Deno.test("nearest() finds what was meant behind each kind of slip", () => {
  const slips: Record<string, string> = {
    batchsize: "batch_size", // left out
    "batch-size": "batch_size", // replaced
    bacth_size: "batch_size", // swapped
    epochss: "epochs", // doubled
    epoch: "epochs",
    weight_deacy: "weight_decay",
    schedul: "schedule",
    shcedule_by: "schedule_by",
    warmup_epoch: "warmup_epochs",
  };
  for (const [slip, meant] of Object.entries(slips)) assert.equal(nearest(slip, KEYS), meant, slip);
});

Deno.test("nearest() gives nothing for a word that is far from all", () => {
  for (const word of ["teacher", "optimizer", "x".repeat(40)]) assert.equal(nearest(word, KEYS), null, word);
  assert.equal(nearest("lr", []), null);
});

Deno.test("nearest() prefers an exact match and the smallest distance, whatever the order", () => {
  assert.equal(nearest("schedule", KEYS), "schedule");
  assert.equal(nearest("schedule_b", ["schedule", "schedule_by"]), "schedule_by");
  assert.equal(nearest("schedule_b", ["schedule_by", "schedule"]), "schedule_by");
});

Deno.test("a swap of neighbours counts once", () => {
  // With two changes for a swap, "ab" would be as far from "ba" as from "xy".
  assert.equal(nearest("abcd", ["xbcy", "bacd"]), "bacd");
});
