/**
 * How the processes of a run on several hosts meet: what is wrong with a start is one sentence, in time.
 *
 * @module
 */
import assert from "node:assert/strict";
import { placeOf } from "../cli/processes/join.ts";
import { MeetingClient } from "../cli/processes/rendezvous/client.ts";
import { MeetingServer } from "../cli/processes/rendezvous/server.ts";
import { SIGN_EVERY, SILENCE_LIMIT } from "../cli/processes/contact.ts";
import { type Meeting, meetingOf } from "../cli/processes/rendezvous/variables.ts";

const VARIABLES = {
  ...{ RANK: "1", WORLD_SIZE: "2", LOCAL_RANK: "0", MASTER_ADDR: "127.0.0.1", MASTER_PORT: "29500" },
  SEED_RUN_TOKEN: "a secret",
};

Deno.test("a process knows by its variables where it belongs; which one is missing or wrong is said", () => {
  const meeting = (changes: Record<string, string> = {}) => {
    const env: Record<string, string> = { ...VARIABLES, ...changes };
    return meetingOf((name) => env[name]);
  };
  assert.deepEqual(meeting(), {
    ...{ rank: 1, size: 2, hostname: "127.0.0.1", port: 29500, token: "a secret", patience: 120 },
  });
  assert.equal(meeting({ SEED_RUN_WAIT: "7" })?.patience, 7);
  assert.equal(meeting({ WORLD_SIZE: "1" }), null);
  assert.equal(meeting({ RANK: "", WORLD_SIZE: "" }), null);
  for (const name of ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "SEED_RUN_TOKEN"]) {
    assert.throws(
      () => meeting({ [name]: "" }),
      new RegExp(`this process is one of several, but ${name} is missing`),
    );
  }
  assert.throws(() => meeting({ RANK: "2" }), /RANK is "2", expected a number from 0 to 1: WORLD_SIZE is 2/);
  assert.throws(() => meeting({ WORLD_SIZE: "two" }), /WORLD_SIZE is "two", expected a number/);
  assert.throws(() => meeting({ MASTER_PORT: "0" }), /MASTER_PORT is "0", expected a number from 1 to 65535/);
  assert.throws(
    () => meeting({ MASTER_ADDR: "fd00::1" }),
    /MASTER_ADDR is "fd00::1", expected a host's name or/,
  );
});

Deno.test("who has started a process is known; a starter with MPI of its own comes before variables of a meeting", () => {
  const place = (env: Record<string, string>) => placeOf((name) => env[name]);
  assert.equal(place({}), null);
  assert.deepEqual(place({ PMI_SIZE: "4", MPI_LOCALNRANKS: "2" }), { local: 2, meeting: null });
  const ported = { PMI_PORT: "node1:4000", PMI_ID: "0", MPI_LOCALNRANKS: "2" };
  assert.deepEqual(place(ported), { local: 2, meeting: null });
  assert.equal(place({ ...ported, PMI_SIZE: "1" }), null);
  assert.deepEqual(place({ ...VARIABLES, PMI_SIZE: "4" }), { local: null, meeting: null });
  assert.deepEqual(place({ OMPI_COMM_WORLD_SIZE: "2" }), { local: null, meeting: null });
  const slurm = { SLURM_NTASKS: "4", SLURM_NTASKS_PER_NODE: "2" };
  assert.equal(place(slurm), null);
  assert.deepEqual(place({ ...slurm, SLURM_STEP_ID: "0" }), { local: 2, meeting: null });
  assert.equal(place({ ...slurm, ...VARIABLES, SLURM_STEP_ID: "0" })?.meeting?.rank, 1);
  assert.equal(place({ ...VARIABLES, LOCAL_WORLD_SIZE: "2" })?.local, 2);
});

/** A meeting of so many on a free port of the loopback interface. */
function meetingOfSize(size: number, patience = 20): Meeting {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return { rank: 0, size, hostname: "127.0.0.1", port: listener.addr.port, token: "a secret", patience };
}

/** Comes to a meeting, and waits for the others: what it is told at the begin, or why there is none. */
async function come(meeting: Meeting, host: string) {
  using client = await MeetingClient.reach(meeting, host);
  return await client.begin(meeting.patience);
}

/** The messages of all. */
async function refusals(...comers: Promise<unknown>[]): Promise<string[]> {
  return (await Promise.allSettled(comers)).map((end) =>
    end.status === "rejected" ? end.reason.message : "none"
  );
}

Deno.test("all meet, in any order, and are told of one another", async () => {
  const meeting = meetingOfSize(3);
  const early = [2, 1].map((rank) => come({ ...meeting, rank }, `host-${rank}`)); // before there is anybody
  using _ = new MeetingServer(meeting);
  const begun = await Promise.all([come(meeting, "host-0"), ...early.reverse()]);
  for (const { hosts } of begun) assert.deepEqual(hosts, ["host-0", "host-1", "host-2"]);
  assert.deepEqual(begun.map(({ pmi }) => [pmi.PMI_RANK, pmi.PMI_SIZE]), [["0", "3"], ["1", "3"], [
    "2",
    "3",
  ]]);
});

Deno.test("a start that is wrong ends for all, with one sentence", async () => {
  const said = async (size: number, ...others: Partial<Meeting>[]) => {
    const meeting = meetingOfSize(size);
    using _ = new MeetingServer(meeting);
    const first = come(meeting, "host-0"), comers = [first];
    for (const other of others) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      comers.push(come({ ...meeting, ...other }, `host-${comers.length}`));
    }
    return new Set(await refusals(...comers));
  };
  assert.deepEqual(
    await said(3, { rank: 1 }, { rank: 1 }),
    new Set(["Two processes have RANK 1: one on host-1, one on host-2"]),
  );
  assert.deepEqual(
    await said(3, { rank: 1, size: 2 }),
    new Set(["WORLD_SIZE is 2 for process 1 on host-1, but 3 for process 0"]),
  );
});

Deno.test("who does not come is named when the time is over; who has another token is not let in, and can do no harm", async () => {
  const meeting = meetingOfSize(3, 1);
  using _ = new MeetingServer(meeting);
  const first = come(meeting, "host-0"), stranger = come({ ...meeting, rank: 1, token: "another" }, "host-1");
  const [whole, refused] = await refusals(first, stranger);
  assert.match(
    refused,
    /^What listens at 127\.0\.0\.1:\d+ has another SEED_RUN_TOKEN, or is no run of SEED's; /,
  );
  assert.match(
    whole,
    /^Process 1, 2 of 3 did not come to 127\.0\.0\.1:\d+ within 1 s; 1 came with another SEED_RUN_TOKEN\. Start all /,
  );
});

Deno.test("without a first process the others end when the time is over", async () => {
  const meeting = { ...meetingOfSize(2, 1), rank: 1 };
  await assert.rejects(come(meeting, "host-1"), {
    name: "ProcessesError",
    message:
      /^Process 0 was not at 127\.0\.0\.1:\d+ within 1 s \(Connection refused \(os error 111\)\)\. Start it, or /,
  });
});

Deno.test("a run that has begun lets nobody in; nobody without a ticket speaks for a process to MPI", async () => {
  const meeting = meetingOfSize(2);
  using _ = new MeetingServer(meeting);
  using first = await MeetingClient.reach(meeting, "host-0");
  using second = await MeetingClient.reach({ ...meeting, rank: 1 }, "host-1");
  await Promise.all([first.begin(20), second.begin(20)]);
  const [late] = await refusals(come({ ...meeting, rank: 1 }, "host-2"));
  assert.match(late, /^The run at 127\.0\.0\.1:\d+ has all its 2 processes already$/);
  for (const line of ["cmd=initack pmiid=1", "cmd=get_my_kvsname", "no json", `{"leaves":true}`]) {
    using connection = await Deno.connect({ hostname: meeting.hostname, port: meeting.port });
    await connection.write(new TextEncoder().encode(`${line}\n`));
    assert.equal(await connection.read(new Uint8Array(100)), null, line);
  }
});

Deno.test("who comes first waits for the last longer than a process may be silent later", async () => {
  const meeting = meetingOfSize(2, 30);
  using _ = new MeetingServer(meeting);
  using first = await MeetingClient.reach(meeting, "host-0");
  await new Promise((resolve) => setTimeout(resolve, SILENCE_LIMIT + 2 * SIGN_EVERY));
  using second = await MeetingClient.reach({ ...meeting, rank: 1 }, "host-1");
  await Promise.all([first.begin(20), second.begin(20)]);
  const stays = [first, second].map((client) => client.stay("host-0"));
  const failed = Promise.race(stays).then(() => "an end", (error) => error.message);
  const later = new Promise((resolve) => setTimeout(() => resolve("nothing"), 3 * SIGN_EVERY));
  assert.equal(await Promise.race([failed, later]), "nothing");
  await second.fail("This is all");
  await Promise.allSettled(stays);
});

Deno.test("processes that stand still together, as in a job that is frozen, are not silent when they go on", async () => {
  const meeting = meetingOfSize(2);
  using _ = new MeetingServer(meeting);
  const clients = await Promise.all(
    [0, 1].map((rank) => MeetingClient.reach({ ...meeting, rank }, `host-${rank}`)),
  );
  await Promise.all(clients.map((client) => client.begin(20)));
  const stays = clients.map((client) => client.stay("host-0"));
  const failed = Promise.race(stays).then(() => "an end", (error) => error.message);
  await new Promise((resolve) => setTimeout(resolve, 2 * SIGN_EVERY));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SILENCE_LIMIT + 2 * SIGN_EVERY);
  const later = new Promise((resolve) => setTimeout(() => resolve("nothing"), 3 * SIGN_EVERY));
  assert.equal(await Promise.race([failed, later]), "nothing");
  await clients[1].fail("This is all");
  await Promise.allSettled(stays);
  for (const client of clients) client[Symbol.dispose]();
});

Deno.test("what one process says that it failed of, all are told; one that is gone is named", async () => {
  for (const how of ["it fails", "it is gone"]) {
    const meeting = meetingOfSize(3);
    using _ = new MeetingServer(meeting);
    const clients = await Promise.all(
      [0, 1, 2].map((rank) => MeetingClient.reach({ ...meeting, rank }, `host-${rank}`)),
    );
    await Promise.all(clients.map((client) => client.begin(20)));
    const told = refusals(...clients.map((client) => client.stay("host-0")));
    if (how === "it fails") await clients[1].fail("The disk is full");
    else clients[1][Symbol.dispose]();
    const expected = how === "it fails"
      ? "Process 1 on host-1 failed: The disk is full"
      : "Process 1 on host-1 is gone: it was killed, or it crashed";
    const [first, , third] = await told;
    assert.deepEqual([first, third], [expected, expected]);
    for (const client of clients) client[Symbol.dispose]();
  }
});
