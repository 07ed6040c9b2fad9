/**
 * Damages valid files of every kind and has them read: `deno task fuzz --seconds 60 [--seed S] [--only READER,...]`.
 *
 * A mutant must be accepted, or refused by one message that names a file and obeys no terminal. All else is a fault: a
 * crash, a trap, another error, a hang (2 s; 5 s for pictures), memory beyond the files' size and 64 MB. The numbers of
 * mutants follow from the seed: `--only READER --seed S --count N` does the first N of them again.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { UsageError } from "@seed/core";
import { type Fault, fuzz, type Tally } from "./fuzz.ts";
import { READERS } from "./readers.ts";

const NAMES = READERS.map(({ name }) => name);

function options() {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string" },
      seed: { type: "string" },
      only: { type: "string" },
      count: { type: "string" },
      out: { type: "string" },
    },
  });
  const number = (name: "seconds" | "seed" | "count") => {
    const text = values[name];
    if (text === undefined) return null;
    if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name} is "${text}", expected a whole number`);
    return Number(text);
  };
  const readers = values.only?.split(",") ?? NAMES, unknown = readers.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no reader "${unknown}"; there are ${NAMES.join(", ")}`);
  }
  const seconds = number("seconds"), count = number("count");
  if (seconds === null && count === null) {
    throw new UsageError("Say how long: --seconds N, or --count N mutants of each reader");
  }
  return {
    readers,
    seconds,
    count,
    seed: number("seed") ?? Math.floor(Math.random() * 1e9),
    out: values.out,
  };
}

function table(tallies: Map<string, Tally>): string {
  const rows = [...tallies].map((
    [name, { mutants, accepted, refused, faults }],
  ) => [name, mutants, accepted, refused, faults]);
  const sum = [1, 2, 3, 4].map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0));
  return [["reader", "mutants", "accepted", "errors", "faults"], ...rows, ["all", ...sum]]
    .map(([name, ...numbers]) =>
      `${String(name).padEnd(18)}${numbers.map((number) => String(number).padStart(10)).join("")}`
    ).join("\n");
}

function told({ reader, index, what, seed, victim }: Fault): string {
  return `${reader} ${index}${seed === undefined ? "" : ` (${seed}, ${victim})`}: ${what}`;
}

if (import.meta.main) {
  try {
    const { out, ...given } = options();
    console.log(`Seed ${given.seed}`);
    const { tallies, faults } = await fuzz(given);
    for (const fault of faults.slice(0, 50)) console.log(`FAULT ${told(fault)}\n`);
    console.log(table(tallies));
    if (out !== undefined) {
      await Deno.writeTextFile(
        out,
        faults.map((fault) => JSON.stringify(fault) + "\n").join(""),
      );
    }
    Deno.exit(faults.length ? 1 : 0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
