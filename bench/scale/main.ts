/**
 * What to expect of more processes, calculated from what was measured: `deno run --allow-all bench/scale/main.ts`
 * prints the tables of docs/scale.md; with `--hosts 8 --gigabits 10` and other flags, one step.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { cardStep } from "./cards.ts";
import measured from "./measured.json" with { type: "json" };
import type { Way } from "./points.ts";
import { type Cluster, stepOf, type Work } from "./step_model.ts";
import { bytesOfStudents, type StudentBytes } from "./students.ts";
import { type Carriers, fit, isFitted, isSound, loadOf, loadOfPoint, sumMs } from "./sum_model.ts";

const { values: flags } = parseArgs({
  options: {
    student: { type: "string", default: "EfficientNet-B0" },
    hosts: { type: "string" },
    "per-host": { type: "string", default: "1" },
    cores: { type: "string", default: "2" },
    gigabits: { type: "string", default: "10" },
    images: { type: "string", default: "16" },
    "compute-ms": { type: "string", default: "1000" },
    "spread-ms": { type: "string", default: "0" },
    "views-ms": { type: "string", default: "0" },
  },
});

const DIM = 128;
const carriers = fit(measured), students = await bytesOfStudents();
if (flags.hosts === undefined) {
  constants(carriers);
  bytes(students);
  points(carriers);
  sums(carriers, students);
  cards(students);
} else one(carriers, students);

function constants({ memory, network }: Carriers): void {
  console.log("Constants, ms: of any sum, for a MB; share of a link's rate");
  for (const [name, { meet, perByte, linkShare }] of Object.entries({ memory, network })) {
    console.log(
      `${name.padEnd(8)} ${meet.toFixed(2)}  ${(1e6 * perByte).toFixed(3)}  ${linkShare.toFixed(2)}`,
    );
  }
}

function bytes(students: Map<string, StudentBytes>): void {
  console.log("\nMB that are added up in a step: gradients, running statistics, all");
  for (const [name, { gradients, statistics, sum }] of students) {
    const cells = [gradients, statistics, sum].map((bytes) => (bytes / 1e6).toFixed(2).padStart(7));
    console.log(`${name.padEnd(18)} ${cells.join("  ")}`);
  }
}

/** What was measured beside what the model says. */
function points(carriers: Carriers): void {
  console.log(
    "\nMeasured and calculated, ms of a sum; * has not been used to fit, ? other programs held it up",
  );
  for (const point of measured.points) {
    const calculated = sumMs(
      loadOfPoint(point, measured),
      point.linkRate === null ? carriers.memory : carriers.network,
    );
    const error = 100 * (calculated / point.ms - 1);
    console.log(
      `${nameOf(point).padEnd(28)} ${(point.bytes / 1e6).toFixed(1).padStart(5)} MB ${
        point.ms.toFixed(1).padStart(8)
      } ${calculated.toFixed(1).padStart(8)} ${error.toFixed(0).padStart(4)} % ${
        isSound(point) ? isFitted(point) ? " " : "*" : "?"
      }`,
    );
  }
}

function nameOf({ hosts, processesPerHost, linkRate }: Way): string {
  if (linkRate === null) return `${processesPerHost} processes`;
  return `${hosts} hosts x ${processesPerHost}, ${linkRate / 1e9} Gbit/s`;
}

/** Sums over networks, a process a host with cores enough. */
function sums({ network }: Carriers, students: Map<string, StudentBytes>): void {
  const hosts = [2, 8, 64, 512];
  console.log(`\nms of a sum, one process a host; hosts: ${hosts.join(", ")}`);
  for (const [name, { sum: bytes }] of students) {
    for (const gigabits of [1, 10, 25, 100]) {
      const cells = hosts.map((hosts) => {
        const way = { hosts, processesPerHost: 1, linkRate: 1e9 * gigabits, bytes };
        return sumMs(loadOf(way, { cores: 1, sharing: 1 }), network).toFixed(0).padStart(6);
      });
      console.log(`${name.padEnd(18)} ${`${gigabits} Gbit/s`.padStart(10)} ${cells.join(" ")}`);
    }
  }
}

/** Cards with XLA and NCCL. */
function cards(students: Map<string, StudentBytes>): void {
  const { sum: bytes } = students.get("EfficientNet-B0")!;
  console.log(
    "\nCards; ms of a step, of its all-reduce; images/s; hours of 200 epochs. Then from a full cache",
  );
  for (const [cards, images] of [[1, 256], [8, 256], [64, 256], [512, 256], [512, 32]]) {
    const cells = [false, true].flatMap((cached) => {
      const { step, allReduce, imagesPerSecond, hours } = cardStep(cards, { images, bytes, cached });
      return [step.toFixed(1), allReduce.toFixed(2), imagesPerSecond.toFixed(0), hours.toFixed(2)];
    });
    console.log(`${cards} x ${images}`.padEnd(12), cells.map((cell) => cell.padStart(9)).join(""));
  }
}

function one(carriers: Carriers, students: Map<string, StudentBytes>): void {
  const student = students.get(flags.student);
  if (!student) {
    throw new Error(`There is no student "${flags.student}"; there are ${[...students.keys()].join(", ")}`);
  }
  const number = (name: keyof typeof flags): number => {
    const value = Number(flags[name]);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new Error(`--${name} is "${flags[name]}", expected a number of 0 or more`);
  };
  const images = number("images");
  const work: Work = {
    ...{ images, compute: number("compute-ms"), spread: number("spread-ms"), views: number("views-ms") },
    ...{ bytes: student.sum, rows: 4 * DIM * images },
  };
  const hosts = number("hosts");
  const cluster: Cluster = {
    ...{ hosts, processesPerHost: number("per-host"), coresPerHost: number("cores") },
    linkRate: hosts > 1 ? 1e9 * number("gigabits") : null,
  };
  const step = stepOf(work, cluster, carriers);
  for (const [name, value] of Object.entries(step)) console.log(`${name.padEnd(16)} ${value.toPrecision(4)}`);
}
