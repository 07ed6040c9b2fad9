import assert from "node:assert/strict";
import { join } from "node:path";
import { RunError } from "@seed/core";
import { cpuPlugin, testWithXla } from "../../../../tests/support/xla_plugin.ts";
import { PjrtApi } from "./api.ts";
import { Client } from "./client.ts";
import { loadPlugin, pluginFile } from "./plugin_file.ts";
import { FUNCTIONS } from "./structs.ts";

/** `x * 2 + y`, where the result takes the memory of `x` over. */
const AFFINE = `module @affine {
  func.func public @main(%x: tensor<4xf32> {tf.aliasing_output = 0 : i32}, %y: tensor<4xf32>) -> tensor<4xf32> {
    %two = stablehlo.constant dense<2.0> : tensor<4xf32>
    %0 = stablehlo.multiply %x, %two : tensor<4xf32>
    %1 = stablehlo.add %0, %y : tensor<4xf32>
    return %1 : tensor<4xf32>
  }
}`;
const RESULTS = [{ shape: [4], type: "f32" }] as const;

async function client(which?: "newer" | "older", devices: number | "all" = "all"): Promise<Client> {
  return Client.open(PjrtApi.load(await cpuPlugin(which)), devices);
}

async function inFolder(run: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-xla-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const which of ["newer", "older"] as const) {
  testWithXla(`XLA's ${which} CPU plugin runs a program, alone and loaded from its bytes`, async () => {
    using xla = await client(which);
    assert.equal(xla.platform, "cpu");
    assert.equal(xla.devices.length, 1);
    assert.equal(xla.memory(), null, "of a processor it is not counted");
    using program = await xla.compile(AFFINE), again = await xla.load(program.serialize());
    for (const executable of [program, again]) {
      using x = xla.upload(Float32Array.of(1, 2, 3, 4), [4], "f32");
      using y = xla.upload(Float32Array.of(10, 20, 30, 40), [4], "f32");
      const { outputs: [[sum]], ended } = executable.execute([[x, y]], RESULTS);
      assert.deepEqual(await sum.read(), Float32Array.of(12, 24, 36, 48));
      await ended;
      assert.deepEqual([x.isDonated, y.isDonated], [true, false]);
      sum[Symbol.dispose]();
    }
  });
}

testWithXla("an argument that is kept outlives the program that it would be donated to", async () => {
  using xla = await client();
  using program = xla.compileNow(AFFINE), x = xla.upload(Float32Array.of(1, 2, 3, 4), [4], "f32");
  const { outputs: [[sum]], ended } = program.execute([[x, x]], RESULTS, [0]);
  await ended;
  assert.deepEqual(sum.readNow(), Float32Array.of(3, 6, 9, 12));
  assert.deepEqual(x.readNow(), Float32Array.of(1, 2, 3, 4));
});

testWithXla("what is uploaded may be changed at once", async () => {
  using xla = await client();
  const values = Int32Array.from({ length: 1 << 18 }, (_, i) => i);
  using buffer = xla.upload(values, [values.length], "i32");
  values.fill(0);
  assert.deepEqual(buffer.readNow().slice(-3), Int32Array.of(262141, 262142, 262143));
});

testWithXla("a processor is as many devices as are asked for, each with its part", async () => {
  using xla = await client("newer", 2);
  assert.equal(xla.devices.length, 2);
  const parts = [1, 2].map((value, i) => xla.upload(Float32Array.of(value), [1], "f32", xla.devices[i]));
  using program = await xla.compile(`module @total {
    sdy.mesh @mesh = <["d"=2]>
    func.func public @main(%x: tensor<2xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"d"}]>})
      -> (tensor<f32> {sdy.sharding = #sdy.sharding<@mesh, []>}) {
      %zero = stablehlo.constant dense<0.0> : tensor<f32>
      %0 = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [0]
        : (tensor<2xf32>, tensor<f32>) -> tensor<f32>
      return %0 : tensor<f32>
    }
  }`);
  const { outputs, ended } = program.execute(parts.map((part) => [part]), [{ shape: [], type: "f32" }]);
  await ended;
  assert.deepEqual(outputs.map(([sum]) => [...sum.readNow()]), [[3], [3]]);
});

testWithXla("a program that is wrong is refused in XLA's words", async () => {
  using xla = await client();
  await assert.rejects(
    xla.compile(AFFINE.replace("%0, %y", "%0, %z")),
    /PJRT_Client_Compile\): -:5:28: error: use of undeclared SSA value/,
  );
});

testWithXla("a client frees what is left in it, and refuses what comes later", async () => {
  const xla = await client(), buffer = xla.upload(Float32Array.of(1), [1], "f32");
  const program = xla.compileNow(AFFINE);
  xla[Symbol.dispose]();
  buffer[Symbol.dispose](); // late, and no harm
  program[Symbol.dispose]();
  assert.throws(() => buffer.readNow(), /cannot read a tensor: the engine was disposed/);
  await assert.rejects(xla.compile(AFFINE), /the engine was disposed/);
});

testWithXla("running an empty program again and again keeps memory flat", async () => {
  using xla = await client();
  using program = xla.compileNow(AFFINE), y = xla.upload(Float32Array.of(1, 1, 1, 1), [4], "f32");
  let x = xla.upload(Float32Array.of(0, 0, 0, 0), [4], "f32");
  const run = async (times: number) => {
    for (let i = 0; i < times; i++) {
      const { outputs: [[next]], ended } = program.execute([[x, y]], RESULTS);
      x[Symbol.dispose]();
      x = next;
      await ended;
    }
    return Deno.memoryUsage().rss;
  };
  const before = await run(2000), more = await run(4000) - before;
  assert.ok(more < 2e7, `4000 runs took ${more} bytes more`); // a handle of 5 kB left at each would show
});

Deno.test("a plugin is named by the option, else by the variable", () => {
  const variable = Deno.env.get("SEED_PJRT_PLUGIN");
  Deno.env.delete("SEED_PJRT_PLUGIN");
  try {
    assert.equal(pluginFile(null), null);
    Deno.env.set("SEED_PJRT_PLUGIN", "/somewhere/else.so");
    assert.equal(pluginFile(null), "/somewhere/else.so");
    assert.equal(pluginFile("/here.so"), "/here.so", "the option comes first");
  } finally {
    if (variable === undefined) Deno.env.delete("SEED_PJRT_PLUGIN");
    else Deno.env.set("SEED_PJRT_PLUGIN", variable);
  }
});

Deno.test("a file that is missing, or no library, is said to be so", () =>
  inFolder(async (folder) => {
    assert.throws(() => loadPlugin(join(folder, "none.so")), RunError);
    const text = join(folder, "text.so");
    await Deno.writeTextFile(text, "#!/bin/sh\necho hello\n");
    assert.throws(
      () => loadPlugin(text),
      /"[^"]*text\.so" cannot be loaded as a PJRT plugin: it is no shared/,
    );
    await Deno.writeTextFile(text, "");
    assert.throws(() => loadPlugin(text), /it is no shared library/);
  }));

testWithXla(
  "a truncated plugin, and a library that is no plugin, are refused before they are loaded",
  () =>
    inFolder(async (folder) => {
      const whole = await cpuPlugin(), part = join(folder, "part.so"), bytes = new Uint8Array(1 << 16);
      using file = await Deno.open(whole);
      await file.read(bytes);
      for (const size of [20, bytes.length]) {
        await Deno.writeFile(part, bytes.subarray(0, size));
        assert.throws(() => loadPlugin(part), new RegExp(`it is truncated: it has ${size} bytes`));
      }
      bytes[18] = 40; // ARM of 32 bits
      await Deno.writeFile(part, bytes);
      assert.throws(() => loadPlugin(part), /it is not for this machine, which is x86_64/);
      const libc = "/lib/x86_64-linux-gnu/libc.so.6";
      assert.throws(() => loadPlugin(libc), /it has no function GetPjrtApi/);
    }),
);

/** A table of functions that are never called, of a version and a size. */
function table(major: number, minor: number, size: number): PjrtApi {
  const bytes = new Uint8Array(new ArrayBuffer(1024)).fill(1), view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(size), true);
  view.setInt32(32, major, true);
  view.setInt32(36, minor, true);
  return new PjrtApi(Deno.UnsafePointer.of(bytes)!, "/plugin.so");
}

Deno.test("plugins of another major version, or without a function that is used, are refused", () => {
  assert.equal(table(0, 99, 1024).version, "0.99");
  assert.throws(() => table(1, 0, 1024), /"\/plugin\.so" cannot be used: it speaks version 1\.0/);
  const last = Math.max(...Object.values(FUNCTIONS));
  assert.equal(table(0, 81, last + 8).version, "0.81");
  assert.throws(() => table(0, 60, last), /version 0\.60 of the C API, which lacks the function PJRT_Exec/);
});
