/**
 * One run on two hosts, which are network namespaces of this machine: what comes out, what listens, and what happens
 * when a process or the network between them is gone.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Outcome, runCli, runTask } from "./support/cli.ts";
import { inRecipeFolder, NO_MPI, testUnless } from "./support/process_runs.ts";
import { outcomeOf, untilStep } from "./support/tiny_runs.ts";
import { TwoHosts } from "./support/two_hosts.ts";

const WHY_NOT = NO_MPI ?? await TwoHosts.whyNot();

const PORT = 29500;

/** A run's two processes. */
interface Pair {
  outcomes: Promise<[Outcome, Outcome]>;
  kill(host: 0 | 1, signal: Deno.Signal): void;
}

/** Starts both, each told by torchrun's variables. */
function startBoth(both: TwoHosts, cwd: string, args: string[]): Pair {
  const processes = ([0, 1] as const).map((rank) => {
    const env = {
      ...{ RANK: `${rank}`, WORLD_SIZE: "2", LOCAL_RANK: "0", LOCAL_WORLD_SIZE: "1" },
      ...{ MASTER_ADDR: both.hosts[0].address, MASTER_PORT: `${PORT}`, SEED_RUN_TOKEN: "a secret" },
      SEED_RUN_WAIT: "30",
    };
    return both.start(rank, ["distill", "tiny.yaml", ...args], { env, cwd });
  });
  return {
    outcomes: Promise.all(processes.map(({ outcome }) => outcome)) as Promise<[Outcome, Outcome]>,
    kill: (host, signal) => processes[host].kill(signal),
  };
}

/** Runs both to the end. */
async function runBoth(both: TwoHosts, cwd: string, args: string[]): Promise<void> {
  for (const { code, stderr } of await startBoth(both, cwd, args).outcomes) assert.equal(code, 0, stderr);
}

/** Runs one process with as many parts. */
async function runAlone(cwd: string, out: string): Promise<void> {
  // As many threads as each of the others has to itself.
  const args = ["distill", "tiny.yaml", "--out", out, "--set", "train.accumulate=2"];
  const { code, stderr } = await runCli(args, { cwd });
  assert.equal(code, 0, stderr);
}

/** What ends a run, and what each host's process is to say of it; null: it is the one that is killed. */
const ENDS: Record<string, {
  happens(both: TwoHosts, pair: Pair): void | Promise<void>;
  said: [string | null, string | null];
}> = {
  "the other host's process is killed": {
    happens: (_, { kill }) => kill(1, "SIGKILL"),
    said: ["Process 0 of 2 on host-a: Process 1 on host-b is gone: it was killed, or it crashed", null],
  },
  "the first process is killed": {
    happens: (_, { kill }) => kill(0, "SIGKILL"),
    said: [null, "Process 1 of 2 on host-b: Process 0 on host-a is gone: it was killed, or it crashed"],
  },
  "the network between them goes down": {
    happens: (both) => both.setLink("down"),
    said: ([1, 0] as const).map((other) =>
      `Process ${1 - other} of 2 on host-${"ab"[1 - other]}: Process ${other} on host-${
        "ab"[other]
      } does not answer: it was ` +
      "stopped, its machine is gone, or the network is"
    ) as [string, string],
  },
};

testUnless(WHY_NOT, "a run on two hosts", async (t) => {
  await inRecipeFolder(10, async (folder) => {
    await runAlone(folder, "alone");
    const alone = await outcomeOf(`${folder}/alone`);
    await using both = await TwoHosts.make();

    await t.step("is that of one process with two parts, to the bit; it listens where it says", async () => {
      const { outcomes } = startBoth(both, folder, ["--out", "run"]);
      await untilStep(`${folder}/run`, 4, outcomes);
      for (const host of [0, 1] as const) {
        const listening = await both.listeners(host), addresses = listening.map(({ address }) => address);
        assert.deepEqual(new Set(addresses), new Set([both.hosts[host].address]), JSON.stringify(listening));
        // The meeting's port is the first process's; MPI has one in each, which the system has chosen.
        assert.equal(listening.filter(({ port }) => port === PORT).length, host === 0 ? 1 : 0);
        assert.equal(listening.filter(({ port }) => port !== PORT).length, 1);
      }
      for (const { code, stderr } of await outcomes) assert.equal(code, 0, stderr);
      const { processes: { hosts } } = JSON.parse(await Deno.readTextFile(`${folder}/run/run.json`));
      assert.deepEqual(hosts, ["host-a", "host-b"]);
      assert.deepEqual(await outcomeOf(`${folder}/run`), alone);
    });

    await t.step("stops on both after the same step when one is told to", async () => {
      const { outcomes, kill } = startBoth(both, folder, ["--out", "told"]);
      await untilStep(`${folder}/told`, 4, outcomes);
      kill(1, "SIGTERM");
      for (const { code, stderr } of await outcomes) assert.equal(code, 130, stderr);
    });

    for (const [number, [what, { happens, said }]] of Object.entries(ENDS).entries()) {
      await t.step(`ends within 10 s when ${what}, and goes on to the same end`, async () => {
        const out = `run-${number}`, pair = startBoth(both, folder, ["--out", out]);
        await untilStep(`${folder}/${out}`, 4, pair.outcomes);
        const began = performance.now();
        await happens(both, pair);
        const outcomes = await pair.outcomes, took = performance.now() - began;
        await both.setLink("up");
        assert.ok(took < 10_000, `${took} ms`);
        for (const [i, { code, signal, stderr }] of outcomes.entries()) {
          if (said[i] === null) assert.equal(signal, "SIGKILL");
          else {
            assert.equal(code, 1, stderr);
            assert.equal(stderr.split(said[i]).length, 2, stderr); // once
          }
        }
        await runBoth(both, folder, ["--out", out, "--resume"]);
        assert.deepEqual(await outcomeOf(`${folder}/${out}`), alone);
      });
    }
  });
});

testUnless(
  NO_MPI,
  "the task distill-on-hosts has the permissions that it needs, and says which variable is missing",
  () =>
    inRecipeFolder(2, async (folder) => {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr;
      listener.close();
      const start = (env: Record<string, string>) =>
        runTask("distill-on-hosts", ["tiny.yaml", "--out", "run"], {
          ...{ cwd: folder, env: { SEED_RUN_WAIT: "30", ...env } },
        });
      const variables = {
        WORLD_SIZE: "2",
        MASTER_ADDR: "127.0.0.1",
        MASTER_PORT: `${port}`,
        SEED_RUN_TOKEN: "a secret",
      };
      const ends = await Promise.all(["0", "1"].map((RANK) => start({ ...variables, RANK })));
      for (const { code, stderr } of ends) assert.equal(code, 0, stderr);
      const { command } = JSON.parse(await Deno.readTextFile(`${folder}/run/run.json`));
      assert.match(command, / distill-on-hosts tiny\.yaml --out run$/, "as it can be given again");
      const { code, stderr } = await start({ ...variables, RANK: "0", MASTER_ADDR: "" });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^RANK is set, so this process is one of several, but MASTER_ADDR is missing: /);
    }),
);
