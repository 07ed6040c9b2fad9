/**
 * All tests, and all examples in the documentation: what `deno test --allow-all --doc` runs, in processes of a few
 * files each, two at a time. In a single process they would wait for one another with half of the processor idle, and
 * what TensorFlow has taken of its memory would not come back before the end. The closing line is `deno test`'s, of all
 * of them together.
 *
 * Deno dies now and then where it disposes of a file's native modules, after the file's last test and before the next
 * file's first (denoland/deno issue 30512 is of the kind). Such a process is run again, once, and that is told; what
 * dies within a test has failed.
 *
 * With arguments it is `deno test --allow-all --doc` with those: `deno task test tests/cli_test.ts`.
 *
 * @module
 */
import {
  closingLine,
  endedBetweenTests,
  NOTHING,
  summaryOf,
  type TestSummary,
  total,
} from "./support/test_summary.ts";

/** How many processes run at a time; on two cores a third gains nothing, and takes memory. */
const JOBS = Number(Deno.env.get("SEED_TEST_JOBS") ?? Math.min(2, navigator.hardwareConcurrency));
if (!Number.isInteger(JOBS) || JOBS < 1) {
  throw new Error(`SEED_TEST_JOBS is "${Deno.env.get("SEED_TEST_JOBS")}", expected a number of processes`);
}

/** Files that take the longest, or the most memory: a process each, begun first. */
const LONG = [
  "tests/dry_run_test.ts",
  "tests/mpi_test.ts", // beside what waits for TensorFlow's installation: needs none
  "tests/validate_test.ts",
  "tests/golden/trajectory_test.ts",
  "tests/conformance_test.ts",
  "tests/permissions_test.ts",
  "tests/kill_test.ts",
  "tests/process_faults_test.ts",
  "tests/hosts_test.ts",
  "tests/processes_test.ts",
  "tests/killed_starts_test.ts",
  "tests/explore_test.ts",
  "tests/gpu_kit_test.ts",
  "tests/teacher_cache_test.ts",
  "tests/resume_test.ts",
  "tests/recent_objectives_test.ts",
  "tests/golden/teacher_networks_test.ts",
  "tests/several_students_test.ts",
  "tests/trust_test.ts",
  "tests/mpi_verbs_test.ts",
  "tests/queued_steps_test.ts",
  "tests/mid_run_faults_test.ts",
  "tests/cli_test.ts",
  "tests/conformance_sabotage_test.ts",
  "tests/distill_test.ts",
  "tests/mpi_starters_test.ts",
  "tests/fuzz_test.ts",
  "tests/golden/mobile_networks_test.ts",
  "tests/golden/resnet_test.ts",
  "tests/golden/vision_transformer_test.ts",
  "tests/xla_test.ts",
  "tests/new_plugin_test.ts",
  "tests/new_test.ts",
];

/** What another test runs: templates of plugins, where somebody has them written (`tests/new_plugin_test.ts`). */
const ELSEWHERE = "cli/new/plugin/templates";

/** How many of the other files share a process. */
const GROUP = 12;

/** One process: its arguments after `deno test`, and what it is called. */
interface Job {
  name: string;
  args: string[];
}

/** Paths of all test files, as `deno test` finds them. */
async function testFiles(folder = "."): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = folder === "." ? name : `${folder}/${name}`;
    if (isDirectory && !name.startsWith(".") && name !== "node_modules") found.push(...await testFiles(path));
    else if (/(^|[._])test\.[mc]?[jt]sx?$/.test(name)) found.push(path);
  }
  return found.sort();
}

function jobsOf(files: readonly string[]): Job[] {
  const missing = LONG.find((path) => !files.includes(path));
  if (missing) throw new Error(`There is no "${missing}"; mend the list LONG in tests/run.ts`);
  const others = files.filter((path) => !LONG.includes(path) && !path.startsWith(ELSEWHERE));
  const groups = Array.from(
    { length: Math.ceil(others.length / GROUP) },
    (_, i) => others.slice(i * GROUP, (i + 1) * GROUP),
  );
  return [
    { name: "types", args: ["--doc", "--no-run"] },
    ...LONG.map((path) => ({ name: path, args: ["--doc", "--no-check", path] })),
    ...groups.map((paths) => ({
      name: `${paths[0]} to ${paths.at(-1)}`,
      args: ["--doc", "--no-check", ...paths],
    })),
    { name: "examples", args: ["--doc", "--no-check", `--ignore=${files.join()}`] },
  ];
}

async function denoTest(
  args: string[],
  output: "inherit" | "piped",
): Promise<{ code: number; signal: Deno.Signal | null; text: string }> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", ...args],
    // An arena a thread would keep what it has freed: gigabytes, after some networks.
    env: { MALLOC_ARENA_MAX: "1" },
    stdout: output,
    stderr: output,
  }).spawn();
  let text = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream() as never)) text += chunk;
  };
  if (output === "piped") await Promise.all([collect(process.stdout), collect(process.stderr)]);
  const { code, signal } = await process.status;
  return { code, signal, text };
}

async function runAll(): Promise<number> {
  const started = performance.now(), jobs = jobsOf(await testFiles());
  const summaries: TestSummary[] = [], failures: string[] = [], again: string[] = [];
  const waiting = jobs.values();
  await Promise.all(Array.from({ length: JOBS }, async () => {
    for (const { name, args } of waiting) {
      const began = performance.now();
      let { code, signal, text } = await denoTest(args, "piped");
      if (signal === "SIGSEGV" && endedBetweenTests(text)) {
        again.push(name);
        ({ code, signal, text } = await denoTest(args, "piped"));
      }
      const summary = summaryOf(text), seconds = Math.round((performance.now() - began) / 1000);
      const failed = code !== 0 || summary === null && !args.includes("--no-run");
      // A process can also fail outside of its tests.
      summaries.push({ ...NOTHING, ...summary, failed: Math.max(summary?.failed ?? 0, failed ? 1 : 0) });
      if (failed) failures.push(text);
      else console.log(text);
      console.log(`${name}: ${failed ? "failed, see below" : "done"} in ${seconds} s\n`);
    }
  }));
  for (const text of failures) console.log(text);
  for (const name of again) {
    console.log(`${name}: run again, since Deno had died of SIGSEGV between two tests`);
  }
  console.log(`\n${closingLine(total(summaries), (performance.now() - started) / 1000)}`);
  return failures.length ? 1 : 0;
}

if (import.meta.main) {
  Deno.exit(Deno.args.length ? (await denoTest(["--doc", ...Deno.args], "inherit")).code : await runAll());
}
