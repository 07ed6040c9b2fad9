import assert from "node:assert/strict";
import { BrokenDriverError, type CudaDriver } from "./cuda_driver.ts";
import { fakeDriver, GTX_1080, MX450, RTX_3090, TESLA_T4 } from "./fake_driver.ts";
import { findCards, type FoundCards, haveBf16, requireCards } from "./find_cards.ts";

const LINUX = "linux-x86_64";

function found(driver: CudaDriver | null): FoundCards {
  return findCards(() => driver, LINUX);
}

function reasonOf(result: FoundCards, kind: "none" | "unusable"): string {
  assert.equal(result.kind, kind);
  return (result as { reason: string }).reason;
}

/** Sets what CUDA is shown of the cards, for a moment. */
function withVisible(value: string | null, test: () => void): void {
  const before = Deno.env.get("CUDA_VISIBLE_DEVICES");
  const set = (value: string | null) =>
    value === null ? Deno.env.delete("CUDA_VISIBLE_DEVICES") : Deno.env.set("CUDA_VISIBLE_DEVICES", value);
  set(value);
  try {
    test();
  } finally {
    set(before ?? null);
  }
}

Deno.test("cards are found with their numbers, and with the driver's CUDA", () => {
  assert.deepEqual(found(fakeDriver({ version: 13010, cards: [RTX_3090, TESLA_T4] })), {
    kind: "usable",
    cuda: "13.1",
    cards: [{ number: 0, ...RTX_3090 }, { number: 1, ...TESLA_T4 }],
    leftOut: [],
  });
});

Deno.test("bf16 is there if all cards have it", () => {
  assert.equal(haveBf16([RTX_3090, { ...RTX_3090, capability: [9, 0] }]), true);
  assert.equal(haveBf16([RTX_3090, TESLA_T4]), false);
});

Deno.test("a machine without a driver, or of another kind, is told so; the latter is not looked at", () => {
  assert.match(reasonOf(found(null), "none"), /no NVIDIA driver \(no libcuda\.so\.1 is found\)/);
  const other = findCards(() => assert.fail("the driver is asked"), "darwin-aarch64");
  assert.match(reasonOf(other, "none"), /on Linux x86-64 only, and this machine is "darwin-aarch64"/);
});

Deno.test("a driver that is too old is told with the release to install, even if it does not start", () => {
  const old = fakeDriver({ version: 12040, init: [100, "CUDA_ERROR_NO_DEVICE"] });
  assert.equal(
    reasonOf(found(old), "unusable"),
    "The NVIDIA driver has CUDA 12.4, and XLA needs 13.0: install the NVIDIA driver 580 or a later one",
  );
  assert.equal(found(fakeDriver({ version: 12090 })).kind, "unusable");
  assert.equal(found(fakeDriver({ version: 13000 })).kind, "usable");
});

Deno.test("no visible card is told with the variable that hides them, if it is set", () => {
  for (const driver of [fakeDriver({ cards: [] }), fakeDriver({ init: [100, "CUDA_ERROR_NO_DEVICE"] })]) {
    withVisible("-1", () => {
      assert.match(
        reasonOf(found(driver), "unusable"),
        /shows no card, for CUDA_VISIBLE_DEVICES is "-1": unset it/,
      );
    });
    withVisible(null, () => {
      const reason = reasonOf(found(driver), "unusable");
      assert.match(reason, /finds no card: look at what `nvidia-smi` says/);
      assert.doesNotMatch(reason, /CUDA_VISIBLE_DEVICES/);
    });
  }
});

Deno.test("a driver that does not work is told with its error", () => {
  const mismatch = found(fakeDriver({ init: [803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"] }));
  assert.match(
    reasonOf(mismatch, "unusable"),
    /cuInit gives CUDA_ERROR_SYSTEM_DRIVER_MISMATCH \(803\); .* restart the machine$/,
  );
  const unknown = found(fakeDriver({ init: [999, "CUDA_ERROR_UNKNOWN"] }));
  assert.match(
    reasonOf(unknown, "unusable"),
    /does not work: cuInit gives CUDA_ERROR_UNKNOWN \(999\); .*`nvidia-smi`/,
  );
  const broken = findCards(() => {
    throw new BrokenDriverError("libcuda.so.1: file too short");
  }, LINUX);
  assert.match(
    reasonOf(broken, "unusable"),
    /libcuda\.so\.1 cannot be loaded: libcuda\.so\.1: file too short; install/,
  );
});

Deno.test("an error that is none of the driver's is not taken for one", () => {
  assert.throws(() =>
    findCards(() => {
      throw new Deno.errors.NotCapable("no ffi");
    }, LINUX), Deno.errors.NotCapable);
});

Deno.test("cards that are too old or too small are told with what they are", () => {
  assert.match(
    reasonOf(found(fakeDriver({ cards: [GTX_1080] })), "unusable"),
    /^The card 0, NVIDIA GeForce GTX 1080 \(8\.5 GB, compute capability 6\.1\), is too old for XLA, which needs compute capability 7\.5$/,
  );
  assert.match(
    reasonOf(found(fakeDriver({ cards: [MX450] })), "unusable"),
    /MX450 \(2\.1 GB, .*\), is too small for XLA, which needs 3 GB$/,
  );
});

Deno.test("a card that cannot be used beside one that can must be hidden, by the number that it has for the user", () => {
  const mixed = found(fakeDriver({ cards: [GTX_1080, RTX_3090, MX450, TESLA_T4] }));
  assert.ok(mixed.kind === "usable");
  assert.deepEqual(mixed.cards.map(({ number }) => number), [1, 3]);
  assert.equal(mixed.leftOut.length, 2);
  withVisible(null, () => {
    assert.throws(
      () => requireCards(mixed),
      /The card 0, .* too old .*The card 2, .* too small .*hide it by CUDA_VISIBLE_DEVICES=1,3$/,
    );
  });
  withVisible("7,5,3,1", () => assert.throws(() => requireCards(mixed), /CUDA_VISIBLE_DEVICES=5,1$/));
});

Deno.test("the engine needs a card, and says what to do without one", () => {
  assert.throws(
    () => requireCards(found(null)),
    /no NVIDIA driver .*engine=\{ plugin: "@seed\/engine-tensorflow" \}.*SEED_PJRT_PLUGIN/,
  );
  assert.equal(requireCards(found(fakeDriver())).length, 1);
});
