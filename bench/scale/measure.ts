/**
 * Measures sums of several processes of this machine, by shared memory and, where this user may make network
 * namespaces, over links of limited rate; writes `measured.json`.
 *
 * `deno run --allow-all bench/scale/measure.ts "MACHINE"`; with numbers of a way to measure (`4`, `2x1@1000`) after
 * the machine's name these alone are measured anew.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { PmiServer } from "../../cli/processes/mpi/mod.ts";
import { ROOT } from "../../tests/support/cli.ts";
import { CORES } from "../contest.ts";
import { TestHosts } from "./hosts.ts";
import type { Measured, Point } from "./points.ts";
import type { RankStart, Stretch } from "./rank.ts";
import { bytesOfStudents } from "./students.ts";

const FILE = new URL("./measured.json", import.meta.url),
  RANK = fileURLToPath(new URL("./rank.ts", import.meta.url));

/** Stretches with more of others beside them do not count, as long as there are enough. */
const QUIET = 0.05, ENOUGH = 3, TRIES = 4;

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

type Hosted = { inside: readonly string[]; env: Record<string, string> };

/** Times sums of processes, each started where and with what is given for it. */
async function time(where: readonly Hosted[], at: { hostname: string; port: number }, start: RankStart) {
  using server = new PmiServer(where.length, at);
  const command = [
    Deno.execPath(),
    "run",
    "--allow-all",
    "--config",
    `${ROOT}deno.json`,
    RANK,
    JSON.stringify(start),
  ];
  const children = where.map(({ inside, env }, rank) => {
    const [program, ...args] = [...inside, ...command];
    return new Deno.Command(program, {
      args,
      env: { ...server.environment(rank), UCX_WARN_UNUSED_ENV_VARS: "n", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  });
  return await Promise.all(children.map(async (child) => {
    const { success, stdout, stderr } = await child.output(), text = new TextDecoder();
    if (success) return JSON.parse(text.decode(stdout)) as Stretch[];
    for (const other of children) if (other !== child) other.kill("SIGKILL");
    throw new Error(text.decode(stderr));
  }));
}

/** All lengths of one way. */
async function measure(way: typeof WAYS[number]): Promise<Point[]> {
  const { hosts: count, processesPerHost, megabits } = way,
    start = { lengths: LENGTHS, stretches: 5, least: 400 };
  await using made = megabits === null ? null : await TestHosts.make(count, megabits);
  const loopback = { hostname: "127.0.0.1", port: 0 };
  const where = Array.from({ length: count * processesPerHost }, (_, rank): Hosted => {
    const host = made?.hosts[Math.floor(rank / processesPerHost)];
    if (!host) return { inside: [], env: { UCX_TLS: "self,sm" } };
    return { inside: host.inside, env: { UCX_TLS: "self,sm,tcp", UCX_NET_DEVICES: host.device } };
  });
  const found: { length: number; ms: number; processorMs: number; others: number }[] = [];
  for (let tries = 0; tries < TRIES; tries++) {
    const ranks = await time(where, made ? { hostname: made.address, port: 0 } : loopback, start);
    for (const [i, { length, sums, begin, end }] of ranks[0].entries()) {
      const own = ranks.reduce((sum, stretches) => sum + processorOf(stretches[i]), 0);
      const wall = end.at - begin.at, others = (end.machine - begin.machine - own) / (CORES * wall);
      found.push({
        ...{ length, ms: wall / sums, processorMs: own / ranks.length / sums, others: Math.max(0, others) },
      });
    }
    if (LENGTHS.every((length) => quietOf(found, length).length >= ENOUGH)) break;
  }
  return LENGTHS.map((length): Point => {
    const counted = quietOf(found, length);
    const linkRate = megabits === null ? null : megabits * 1e6;
    const median = (of: (stretch: typeof counted[number]) => number) =>
      Number(counted.map(of).sort((a, b) => a - b)[counted.length >> 1].toPrecision(4));
    return {
      ...{ hosts: count, processesPerHost, linkRate, bytes: 4 * length },
      ...{ ms: median(({ ms }) => ms), processorMs: median(({ processorMs }) => processorMs) },
      ...{ others: median(({ others }) => others), stretches: counted.length },
    };
  });
}

function processorOf({ begin, end }: Stretch): number {
  return end.processor - begin.processor;
}

/** The quiet stretches; if they are too few, the quietest. */
function quietOf<T extends { length: number; others: number }>(found: readonly T[], length: number): T[] {
  const own = found.filter((stretch) => stretch.length === length).sort((a, b) => a.others - b.others);
  const quiet = own.filter(({ others }) => others <= QUIET);
  return quiet.length >= ENOUGH ? quiet : own.slice(0, ENOUGH);
}

const [machine, ...names] = Deno.args;
if (!machine) throw new Error("Say what machine this is: measure.ts MACHINE [WAY...]");
const unknown = names.find((name) => !WAYS.some((way) => nameOf(way) === name));
if (unknown) throw new Error(`There is no way "${unknown}"; there are ${WAYS.map(nameOf).join(", ")}`);
const before = await Deno.readTextFile(FILE).then((text) => JSON.parse(text) as Measured).catch((error) => {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
});
let points = before?.points ?? [];
for (const way of WAYS.filter((way) => names.length === 0 || names.includes(nameOf(way)))) {
  const found = await measure(way);
  const isOf = ({ hosts, processesPerHost, linkRate }: Point) =>
    hosts === way.hosts && processesPerHost === way.processesPerHost &&
    linkRate === (way.megabits === null ? null : way.megabits * 1e6);
  points = [...points.filter((point) => !isOf(point)), ...found];
  for (const { bytes, ms, processorMs, others, stretches } of found) {
    console.log(
      `${nameOf(way)}: ${(bytes / 1e6).toFixed(1)} MB in ${ms.toFixed(1)} ms, processor ${
        processorMs.toFixed(1)
      } ms, ` +
        `others ${(100 * others).toFixed(0)} %, ${stretches} stretches`,
    );
  }
  const measured: Measured = {
    ...{ machine, cores: CORES, date: new Date().toISOString().slice(0, 10) },
    command: "npx -y deno run --allow-all bench/scale/measure.ts",
    points,
  };
  await Deno.writeTextFile(FILE, `${JSON.stringify(measured, null, 1)}\n`);
}
