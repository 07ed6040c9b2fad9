import assert from "node:assert/strict";
import { findCards } from "@seed/engine-xla";
import { fakeDriver } from "../xla/driver/fake_driver.ts";
import { type Asked, chooseEngine } from "./choose_engine.ts";
import { diagnose } from "./diagnose.ts";
import plugin from "./mod.ts";

const XLA = "@seed/engine-xla", TENSORFLOW = "@seed/engine-tensorflow";
const GOOD = fakeDriver(), OLD = fakeDriver({ version: 12040 });

function choose(asked: Partial<Asked>, driver: ReturnType<typeof fakeDriver> | null) {
  const said: string[] = [], log = (message: string) => void said.push(message);
  const given: Asked = { device: "auto", devices: "all", memoryFraction: null, processes: 1, log, ...asked };
  return { chosen: chooseEngine(given, () => findCards(() => driver, "linux-x86_64")), said };
}

Deno.test("XLA is taken where there is a card, with as many as are asked for; nothing is said", () => {
  for (const device of ["auto", "gpu"] as const) {
    assert.deepEqual(choose({ device, devices: 2, memoryFraction: 0.5 }, GOOD), {
      chosen: { plugin: XLA, options: { devices: 2, memory_fraction: 0.5 } },
      said: [],
    });
  }
});

Deno.test("TensorFlow is taken without a driver and for a processor; nothing is said", () => {
  const tensorflow = { chosen: { plugin: TENSORFLOW, options: {} }, said: [] };
  assert.deepEqual(choose({}, null), tensorflow);
  assert.deepEqual(choose({ device: "cpu" }, GOOD), tensorflow);
});

Deno.test("TensorFlow in spite of a driver is told with the reason", () => {
  const { chosen, said } = choose({}, OLD);
  assert.equal(chosen.plugin, TENSORFLOW);
  assert.equal(said.length, 1);
  assert.match(said[0], /^Computes with TensorFlow\. The NVIDIA driver has CUDA 12\.4, and XLA needs 13\.0/);
  assert.match(choose({ processes: 4 }, GOOD).said[0], /Each of the 4 processes would take all cards/);
});

Deno.test("several cards that are not there are an error", () => {
  assert.throws(
    () => choose({ devices: 4 }, null),
    /engine\.devices 4, which are NVIDIA cards\. .*leave out engine\.devices$/,
  );
  assert.throws(() => choose({ devices: 4 }, OLD), /engine\.devices 4.*driver 580/s);
  assert.throws(
    () => choose({ memoryFraction: 0.5 }, null),
    /engine\.memory_fraction 0\.5, which is of an NVIDIA card's memory\. .*leave out engine\.memory_fraction$/,
  );
});

Deno.test("a number of cards that does not divide a pass is told by the recipe's check", () => {
  const facts = { passSize: 6 } as Parameters<NonNullable<typeof plugin.check>>[1];
  const check = (devices: number) => plugin.check?.({ devices, memory_fraction: null }, facts) ?? [];
  assert.deepEqual(check(3), []);
  assert.match(check(4)[0].message ?? "", /divisor of the 6 images/);
});

Deno.test("doctor says which one recipes mean", () => {
  const said = (driver: ReturnType<typeof fakeDriver> | null) =>
    diagnose(() => findCards(() => driver, "linux-x86_64"))[0].message;
  assert.match(said(GOOD), /compute with XLA/);
  assert.match(said(OLD), /compute with TensorFlow/);
  assert.match(said(null), /compute with TensorFlow/);
});
