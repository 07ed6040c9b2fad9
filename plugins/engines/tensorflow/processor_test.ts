import assert from "node:assert/strict";
import { processorOf } from "./processor.ts";
import { readSystemFile } from "@seed/core";

const linux = { ignore: Deno.build.os !== "linux" };

Deno.test("a file of the system is read whole, without Deno's leave for it", linux, async () => {
  const { stdout } = await new Deno.Command("cat", { args: ["/proc/cpuinfo"] }).output();
  // The clock differs from one moment to the next.
  const steady = (text: string) => text.replaceAll(/^(cpu MHz|bogomips).*$/gmi, "");
  assert.equal(steady(readSystemFile("/proc/cpuinfo")), steady(new TextDecoder().decode(stdout)));
  const long = await Deno.makeTempFile();
  try {
    const text = "é and more\n".repeat(20_000);
    await Deno.writeTextFile(long, text);
    assert.equal(readSystemFile(long), text);
  } finally {
    await Deno.remove(long);
  }
  assert.throws(() => readSystemFile("/nowhere"), /Cannot read "\/nowhere"/);
});

Deno.test("what a processor can is found among its features, as whole words", () => {
  const x86 = (flags: string, oneDnn = true) =>
    processorOf(`processor\t: 0\nflags\t\t: ${flags}\n`, { oneDnn });
  const none = { bf16: false, convolvesInBf16: false, wideVectors: false };
  assert.deepEqual(x86("fpu avx512f avx512_bf16 amx_tile"), {
    bf16: true,
    convolvesInBf16: true,
    wideVectors: true,
  });
  assert.deepEqual(x86("fpu amx_bf16"), { bf16: true, convolvesInBf16: true, wideVectors: false });
  assert.deepEqual(x86("fpu avx512_bf16", false), { bf16: true, convolvesInBf16: false, wideVectors: true });
  assert.deepEqual(x86("fpu avx512f not_avx512_bf16"), none);
  assert.deepEqual(processorOf("Features\t: fp asimd bf16 sve\n", { oneDnn: true }), { ...none, bf16: true });
  assert.deepEqual(processorOf("", { oneDnn: true }), none);
});
