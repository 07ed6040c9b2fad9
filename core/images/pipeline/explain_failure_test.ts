import assert from "node:assert/strict";
import { explain } from "./explain_failure.ts";
import { OversizedPicture } from "./pixel_limit.ts";

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
  said = async (message: string, format: "jpeg" | "png" = "jpeg") =>
    (await explain(JPEG, format, new Error(message))).message;

Deno.test("the reason is libvips's, unless it has lost it or tells of another thread's picture", async () => {
  const damaged = "The picture is truncated or damaged";
  assert.equal(
    await said("VipsJpeg: premature end of JPEG image\nmore"),
    `${damaged}: VipsJpeg: premature end of JPEG image`,
  );
  // All threads share the place for libvips's messages: one that reads its own may empty it, or find another's there.
  for (
    const message of [
      "Unknown error",
      "",
      " \n",
      "pngload_buffer: libspng read error",
      "webp: not enough data",
    ]
  ) {
    assert.equal(await said(message), damaged);
  }
  assert.equal(
    await said("pngload_buffer: libspng read error", "png"),
    `${damaged}: pngload_buffer: libspng read error`,
  );
});

Deno.test("a decoder that is stopped after a minute is told as such; what is ours stays as it is", async () => {
  assert.equal(
    await said("timeout: 42% complete"),
    "The picture takes more than 60 s to decode; take it out",
  );
  const error = new OversizedPicture("too large");
  assert.equal(await explain(JPEG, "jpeg", error), error);
});
