/**
 * Measures sums of several processes of this machine, by shared memory and, where this user may make network
 * namespaces, over links of limited rate; writes `measured.json`.
 *
 * `deno run --allow-all bench/scale/measure.ts "MACHINE"`. Given again, it measures what other programs have disturbed;
 * with ways after the machine's name (`4`, `2x1@1000`) these. Without the file it begins anew.
 *
 * @module
 */
import { CORES } from "../contest.ts";
import { TestHosts } from "./hosts.ts";
import type { Measured, Point } from "./points.ts";
import { type Hosted, onThisMachine, pick, type Timed, timeRanks } from "./time_ranks.ts";
import { bytesOfStudents } from "./students.ts";

const FILE = new URL("./measured.json", import.meta.url);

/** How often a way is tried until there are enough quiet stretches. */
const TRIES = 4;

/** Hosts, processes of each, and megabits a second of each host's link. */
const WAYS: { hosts: number; processesPerHost: number; megabits: number | null }[] = [
  ...[2, 3, 4, 6, 8].map((processesPerHost) => ({ hosts: 1, processesPerHost, megabits: null })),
  ...[100, 1000, 10_000].flatMap((megabits) => [
    ...[2, 3, 4].map((hosts) => ({ hosts, processesPerHost: 1, megabits })),
    { hosts: 2, processesPerHost: 2, megabits },
  ]),
];
const nameOf = ({ hosts, processesPerHost, megabits }: typeof WAYS[number]) =>
  megabits === null ? `${processesPerHost}` : `${hosts}x${processesPerHost}@${megabits}`;

const students = await bytesOfStudents();
const LENGTHS = [
  1,
  ...["MobileNetV3-Small", "EfficientNet-B0", "ResNet-18"].map((name) => students.get(name)!.sum / 4),
];

/** All lengths of one way. */
async function measure(way: typeof WAYS[number]): Promise<Point[]> {
  const { hosts: count, processesPerHost, megabits } = way,
    linkRate = megabits === null ? null : megabits * 1e6;
  const isSlow = linkRate !== null && linkRate < 1e9; // seconds a sum: one try, and no larger vectors
  const lengths = isSlow ? LENGTHS.slice(0, 3) : LENGTHS, stretches = isSlow ? 4 : 12;
  const start = { by: "ours" as const, lengths, stretches, least: 120 };
  await using made = megabits === null ? null : await TestHosts.make(count, megabits);
  const where = made
    ? made.hosts.flatMap(({ inside, device }): Hosted[] =>
      Array(processesPerHost).fill({ inside, env: { UCX_TLS: "self,tcp", UCX_NET_DEVICES: device } })
    )
    : onThisMachine(processesPerHost);
  const found: Timed[] = [];
  for (let tries = 0; tries < TRIES; tries++) {
    found.push(...await timeRanks(where, { hostname: made?.address ?? "127.0.0.1", port: 0 }, start));
    if (isSlow || lengths.every((length) => pick(found, length).isQuiet)) break;
  }
  return lengths.map((length): Point => {
    const { one, isQuiet } = pick(found, length);
    const [ms, processorMs, others] = [one.ms, one.processorMs, one.others].map((value) =>
      Number(value.toPrecision(4))
    );
    return { hosts: count, processesPerHost, linkRate, bytes: 4 * length, ms, processorMs, others, isQuiet };
  });
}

const [machine, ...names] = Deno.args;
if (!machine) throw new Error("Say what machine this is: measure.ts MACHINE [WAY...]");
const unknown = names.find((name) => !WAYS.some((way) => nameOf(way) === name));
if (unknown) throw new Error(`There is no way "${unknown}"; there are ${WAYS.map(nameOf).join(", ")}`);
const before = await Deno.readTextFile(FILE).then((text) => JSON.parse(text) as Measured).catch((error) => {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
});
if (before && (before.machine !== machine || before.cores !== CORES)) {
  throw new Error(
    `measured.json is of "${before.machine}" with ${before.cores} cores, this machine is "${machine}" with ${CORES}; ` +
      "delete measured.json to begin anew",
  );
}
let points = before?.points ?? [];
for (const way of WAYS.filter((way) => names.length === 0 || names.includes(nameOf(way)))) {
  const linkRate = way.megabits === null ? null : way.megabits * 1e6;
  const isOf = (point: Point) =>
    point.hosts === way.hosts && point.processesPerHost === way.processesPerHost &&
    point.linkRate === linkRate;
  const earlier = points.filter(isOf);
  if (names.length === 0 && earlier.length > 0 && earlier.every(({ isQuiet }) => isQuiet)) continue;
  const found = (await measure(way)).map((point) =>
    better(point, earlier.find(({ bytes }) => bytes === point.bytes))
  );
  points = [...points.filter((point) => !isOf(point)), ...found];
  for (const { bytes, ms, processorMs, others, isQuiet } of found) {
    console.log(
      `${nameOf(way)}: ${(bytes / 1e6).toFixed(1)} MB in ${ms.toFixed(1)} ms, processor ${
        processorMs.toFixed(1)
      } ms, ` +
        `others ${(100 * others).toFixed(0)} % ${isQuiet ? "" : "(the fastest)"}`,
    );
  }
  const measured: Measured = {
    ...{ machine, cores: CORES, date: new Date().toISOString().slice(0, 10) },
    command: "npx -y deno run --allow-all bench/scale/measure.ts",
    points: points.toSorted((a, b) => rankOf(a) - rankOf(b)),
  };
  await Deno.writeTextFile(FILE, `${JSON.stringify(measured, null, 1)}\n`);
}

/** A point of a quiet machine is kept; of two that are none, the faster. */
function better(now: Point, earlier: Point | undefined): Point {
  if (!earlier || now.isQuiet) return now;
  return earlier.isQuiet || earlier.ms < now.ms ? earlier : now;
}

/** Shared memory first, then by the rate of links. */
function rankOf({ hosts, processesPerHost, linkRate, bytes }: Point): number {
  return (linkRate ?? 0) * 1e3 + (hosts * 10 + processesPerHost) * 1e9 + bytes;
}
