import assert from "node:assert/strict";
import { fakeDriver } from "./fake_driver.ts";
import { findCards, type FoundCards } from "./find_cards.ts";
import { suits } from "./suits.ts";

const find = (driver: ReturnType<typeof fakeDriver> | null) => () => findCards(() => driver, "linux-x86_64");
const GOOD = find(fakeDriver()), OLD = find(fakeDriver({ version: 12080 })), NONE = find(null);

Deno.test("XLA suits a machine with a card that it can use, if a card is asked for or may be", () => {
  for (const device of ["auto", "gpu"] as const) {
    assert.deepEqual(suits({ device, processes: 1 }, GOOD), { suits: true });
  }
});

Deno.test("for a processor the driver is not asked", () => {
  const find = (): FoundCards => assert.fail("the driver is asked");
  assert.deepEqual(suits({ device: "cpu", processes: 1 }, find), { suits: false, reason: null });
});

Deno.test("without a driver there is nothing to tell; with one that is of no use there is", () => {
  assert.deepEqual(suits({ device: "auto", processes: 1 }, NONE), { suits: false, reason: null });
  const old = suits({ device: "auto", processes: 1 }, OLD);
  assert.ok(!old.suits);
  assert.match(old.reason!, /CUDA 12\.8, and XLA needs 13\.0/);
});

Deno.test("a card that is asked for and is not there is an error that says why and what to do", () => {
  for (const [find, why] of [[NONE, /no NVIDIA driver/], [OLD, /install the NVIDIA driver 580/]] as const) {
    assert.throws(() => suits({ device: "gpu", processes: 1 }, find), (error: Error) => {
      assert.match(error.message, /^The recipe asks for engine\.device "gpu"\. /);
      assert.match(error.message, why);
      assert.match(error.message, /set engine\.device to auto.*"@seed\/engine-tensorflow"$/);
      return true;
    });
  }
});

Deno.test("several processes on a machine do not each take its cards", () => {
  const several = suits({ device: "auto", processes: 2 }, GOOD);
  assert.ok(!several.suits);
  assert.match(several.reason!, /^Each of the 2 processes would take all cards/);
  assert.throws(() => suits({ device: "gpu", processes: 2 }, GOOD), /leave out --processes$/);
});
