import assert from "node:assert/strict";
import { isOneDnnOn, processorOf } from "./processor.ts";
import { readSystemFile, UsageError } from "@seed/core";

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

Deno.test("oneDNN is on and off by the values that TensorFlow takes its variable to be so by, and others are refused", () => {
  for (const value of [undefined, "1", "true", "True", "TRUE"]) {
    assert.equal(isOneDnnOn(value), true, `${value}`);
  }
  for (const value of ["0", "false", "False", "FALSE"]) assert.equal(isOneDnnOn(value), false, `${value}`);
  for (const value of ["", "off", "no", "2", " 0"]) {
    assert.throws(() => isOneDnnOn(value), (error) => {
      assert.ok(error instanceof UsageError);
      assert.ok(error.message.includes(`TF_ENABLE_ONEDNN_OPTS is "${value}", but it has to be 0 or false`));
      return true;
    });
  }
});
