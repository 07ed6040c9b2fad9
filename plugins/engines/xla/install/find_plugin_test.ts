import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import type { Card } from "../driver/cuda_driver.ts";
import { fakeDriver, GTX_1080, RTX_3090, TESLA_T4 } from "../driver/fake_driver.ts";
import { findCards } from "../driver/find_cards.ts";
import { diagnose } from "../diagnose.ts";
import { prepareCudaPlugin } from "./prepare_cuda_plugin.ts";
import { findCudaPlugin, findInstalledCudaPlugin, type FindOptions } from "./find_plugin.ts";
import { LIBRARIES, openLibraries } from "./open_libraries.ts";
import { PLATFORMS, WHEELS } from "./wheels.ts";

const PLUGIN = "jax_plugins/xla_cuda13/xla_cuda_plugin.so";
const LINUX = Deno.build.os === "linux" && Deno.build.arch === "x86_64";
const LINUX_ONLY = { ignore: !LINUX };

/** A folder for a cache, with a pip that notes that it was called; no variable names anything. */
async function inFolder(
  test: (place: { folder: string; options: FindOptions; said: string[]; pipWasCalled(): boolean }) => Promise<
    void
  >,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-cuda-" }), said: string[] = [];
  const bin = join(folder, "bin"), called = join(folder, "called");
  await Deno.mkdir(bin);
  await Deno.writeTextFile(
    join(bin, "python3"),
    `#!/bin/sh\necho "$@" >> "${called}"\ncase "$*" in *--version*) exit 0 ;; esac\necho no index >&2\nexit 1\n`,
    { mode: 0o755 },
  );
  const changed = { PATH: bin, SEED_XLA_PYTHON: null, SEED_PJRT_PLUGIN: null };
  const before = Object.keys(changed).map((name) => [name, Deno.env.get(name) ?? null] as const);
  setVariables(Object.entries(changed));
  try {
    const log = (message: string) => void said.push(message);
    const options = { cacheDir: join(folder, "cache"), log, signal: new AbortController().signal };
    const pipWasCalled = () => {
      try {
        return Deno.statSync(called).isFile;
      } catch {
        return false;
      }
    };
    await test({ folder, options, said, pipWasCalled });
  } finally {
    setVariables(before);
    await Deno.remove(folder, { recursive: true });
  }
}

function setVariables(variables: (readonly [string, string | null])[]): void {
  for (const [name, value] of variables) {
    if (value === null) Deno.env.delete(name);
    else Deno.env.set(name, value);
  }
}

/** Makes files that stand in for those of the wheels. */
async function makeSite(site: string, files = [PLUGIN, ...LIBRARIES]): Promise<void> {
  for (const file of files) {
    await Deno.mkdir(dirname(join(site, file)), { recursive: true });
    await Deno.writeTextFile(join(site, file), "no library");
  }
}

const drivers = {
  none: null,
  old: fakeDriver({ version: 12020 }),
  "without a card": fakeDriver({ cards: [] }),
  "with an old card": fakeDriver({ cards: [GTX_1080] }),
};

Deno.test(
  "nothing is fetched, made or loaded where there is no card that XLA can use",
  LINUX_ONLY,
  () =>
    inFolder(async ({ folder, options, said, pipWasCalled }) => {
      for (const [which, driver] of Object.entries(drivers)) {
        const find = () => findCards(() => driver);
        for (const device of ["auto", "gpu"] as const) {
          await assert.rejects(
            prepareCudaPlugin({ ...options, device }, find),
            /computes on NVIDIA cards/,
            which,
          );
        }
        assert.equal((await diagnose(options, find)).length, 1, "doctor tells of the cards alone");
      }
      await assert.rejects(
        prepareCudaPlugin({ ...options, device: "cpu" }, () => assert.fail("the driver is asked")),
        /asks for engine\.device "cpu"/,
      );
      assert.deepEqual([said, pipWasCalled()], [[], false]);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["bin"]);
      assert.doesNotMatch(loadedLibraries(), /xla_cuda|libcudart|libcudnn/);
    }),
);

Deno.test(
  "with a card pip is called for all wheels, and its failure is told",
  LINUX_ONLY,
  () =>
    inFolder(async ({ folder, options, said }) => {
      const find = () => findCards(() => fakeDriver());
      const [cards, xla] = await diagnose(options, find);
      assert.match(
        cards.message,
        /^NVIDIA GeForce RTX 3090 \(25\.3 GB, compute capability 8\.6\); the driver has CUDA 13\.0$/,
      );
      assert.match(
        xla.message,
        /^Not installed yet: the first run installs 0\.11\.2 in .* \(2\.5 GB to fetch, 4\.0 GB on disk/,
      );
      await assert.rejects(
        prepareCudaPlugin({ ...options, device: "auto" }, find),
        /^RunError: Cannot install XLA 0\.11\.2 for NVIDIA cards .*: pip failed\nIt said: no index$/s,
      );
      assert.match(
        said[0],
        /^Installing XLA 0\.11\.2 for NVIDIA cards \(2\.5 GB to fetch, 4\.0 GB on disk\)/,
      );
      const calls = (await Deno.readTextFile(join(folder, "called"))).trim().split("\n");
      const install = calls.at(-1)!;
      assert.match(install, / install --no-deps .*--require-hashes .*--python-version 3\.12 /);
      for (const platform of PLATFORMS) assert.ok(install.includes(`--platform ${platform} `), platform);
    }),
);

Deno.test(
  "what is prepared is opened for good, and tells whether all cards have bf16",
  LINUX_ONLY,
  () =>
    inFolder(async ({ folder, options }) => {
      const site = join(folder, "site"), opened: string[] = [];
      await makeSite(site);
      Deno.env.set("SEED_XLA_PYTHON", site);
      const prepare = (...cards: Card[]) =>
        prepareCudaPlugin(
          { ...options, device: "auto" },
          () => findCards(() => fakeDriver({ cards })),
          (path) => {
            opened.push(path);
            return null;
          },
        );
      const pluginFile = join(site, PLUGIN);
      assert.deepEqual(await prepare(RTX_3090, RTX_3090), { pluginFile, bf16: true });
      assert.deepEqual(opened, LIBRARIES.map((library) => join(site, library)));
      assert.deepEqual(await prepare(RTX_3090, TESLA_T4), { pluginFile, bf16: false });
    }),
);

Deno.test(
  "a folder that holds the wheels is used in place of installing",
  LINUX_ONLY,
  () =>
    inFolder(async ({ folder, options, pipWasCalled }) => {
      const site = join(folder, "site");
      await makeSite(site);
      Deno.env.set("SEED_XLA_PYTHON", site);
      const expected = { file: join(site, PLUGIN), site };
      assert.deepEqual(await findCudaPlugin(options), expected);
      assert.deepEqual(await findInstalledCudaPlugin(options), expected);
      await Deno.remove(join(site, "nvidia/cudnn/lib/libcudnn.so.9"));
      await assert.rejects(
        findCudaPlugin(options),
        /^RunError: SEED_XLA_PYTHON names a folder without ".*libcudnn\.so\.9"; it must be the folder site-packages/,
      );
      assert.ok(!pipWasCalled());
    }),
);

Deno.test(
  "what is installed is found again; what lacks a library is not",
  LINUX_ONLY,
  () =>
    inFolder(async ({ options, pipWasCalled }) => {
      assert.equal(await findInstalledCudaPlugin(options), null);
      const site = join(options.cacheDir, "cuda13-0.11.2");
      await makeSite(site);
      assert.deepEqual(await findCudaPlugin(options), { file: join(site, PLUGIN), site });
      await Deno.remove(join(site, LIBRARIES[0]));
      assert.equal(await findInstalledCudaPlugin(options), null);
      assert.ok(!pipWasCalled());
    }),
);

Deno.test("libraries are opened by their paths, cuBLAS before cuDNN; one that fails is told with the reason", () => {
  const opened: string[] = [];
  openLibraries("/site", (path) => {
    opened.push(path);
    return null;
  });
  assert.deepEqual(opened, LIBRARIES.map((library) => `/site/${library}`));
  const at = (name: string) => opened.findIndex((path) => path.includes(name));
  // Each needs those before it.
  for (
    const [first, then] of [["nvJitLink", "cusparse"], ["cublasLt", "libcublas.so"], ["cublas", "cudnn"]]
  ) {
    assert.ok(at(first) >= 0 && at(first) < at(then), `${first}, ${then}`);
  }
  assert.throws(
    () => openLibraries("/site", (path) => path.includes("nccl") ? "wrong ELF class" : null),
    /NVIDIA's library "\/site\/nvidia\/nccl\/lib\/libnccl\.so\.2" does not load: wrong ELF class; remove the folder "\/site"/,
  );
});

Deno.test(
  "a library that is damaged is told as the loader says",
  LINUX_ONLY,
  () =>
    inFolder(async ({ folder }) => {
      const site = join(folder, "site");
      await makeSite(site);
      assert.throws(() => openLibraries(site), /libcudart\.so\.13" does not load: .*(invalid ELF|too short)/);
    }),
);

Deno.test("every wheel is pinned to one file", () => {
  assert.equal(new Set(WHEELS.map(({ name }) => name)).size, 14);
  for (const { name, version, sha256 } of WHEELS) {
    assert.match(version, /^\d+(\.\d+)+$/, name);
    assert.ok(sha256.length === 1 && /^[0-9a-f]{64}$/.test(sha256[0]), name);
  }
});

function loadedLibraries(): string {
  return Deno.readTextFileSync("/proc/self/maps");
}
