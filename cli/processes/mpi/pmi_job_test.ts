import assert from "node:assert/strict";
import { JOINED, PmiJob } from "./pmi_job.ts";

/** Two processes that have come and met once, as MPI has them do in the midst of its beginning. */
async function met(patience: number) {
  const job = new PmiJob(2, patience), tickets: string[] = [];
  for (const rank of [0, 1]) {
    const session = job.open(() => Promise.resolve()), ticket = job.environment(rank, "nowhere:1").PMI_ID;
    tickets.push(ticket);
    await session.answer(`cmd=initack pmiid=${ticket}`);
    await session.answer("cmd=barrier_in");
  }
  /** A process says that it has joined. */
  const join = (rank: number) =>
    job.open(() => Promise.resolve()).answer(`cmd=${JOINED} pmiid=${tickets[rank]}`);
  return { job, join };
}

const after = (seconds: number) =>
  new Promise<null>((resolve) => setTimeout(() => resolve(null), 1000 * seconds));

Deno.test("a process that is stopped within MPI's beginning, after a barrier, is late", async () => {
  const { job, join } = await met(0.05);
  using _ = job;
  await join(1);
  assert.deepEqual(await Promise.race([job.late, after(5)]), [0]);
});

Deno.test("processes that have all joined are not late", async () => {
  const { job, join } = await met(0.05);
  using _ = job;
  await join(1);
  await join(0);
  assert.equal(await Promise.race([job.late, after(0.2)]), null);
});

Deno.test("only a process that has come joins, and once", async () => {
  const { job, join } = await met(60);
  using _ = job;
  await join(0);
  await assert.rejects(join(0), /no process of this job/);
  const ticket = new PmiJob(1).environment(0, "nowhere:1").PMI_ID;
  await assert.rejects(
    job.open(() => Promise.resolve()).answer(`cmd=${JOINED} pmiid=${ticket}`),
    /no process of this job/,
  );
});
