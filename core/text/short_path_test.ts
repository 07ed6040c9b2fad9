import assert from "node:assert/strict";
import { shortPath } from "./short_path.ts";

Deno.test("of a long path the end is shown, folders as a whole", () => {
  assert.equal(shortPath("weights/r50.pth"), "weights/r50.pth");
  const long = `/root/.cache/seed/${"folder-with-a-long-name/".repeat(4)}models/lite2.pth`;
  assert.equal(shortPath(long), ".../folder-with-a-long-name/models/lite2.pth");
  assert.equal(shortPath(`/a/${"n".repeat(100)}.pth`), `.../${"n".repeat(100)}.pth`);
});
