import assert from "node:assert/strict";
import { type RunDescription, RunError, UsageError, WebServer } from "@seed/core";
import { FakeMlflow } from "../../../tests/support/fake_mlflow.ts";
import plugin from "./mod.ts";
import { MlflowLogger } from "./mlflow_logger.ts";

const python = Deno.env.get("SEED_PEER_PYTHON");

/** Whether the Python that a variable names has MLflow. */
const hasMlflow = python !== undefined &&
  (await new Deno.Command(python, { args: ["-c", "import mlflow.server"], stderr: "null" }).output()).success;

const RUN = {
  ...{ recipe: "recipes/test.yaml", directory: "runs/test", engine: "test 1", device: "cpu", steps: 8 },
  settings: { seed: 0, train: { lr: 0.1, drops: [1, 2] }, note: "x".repeat(9000), queue: null },
} as unknown as RunDescription;

interface Place {
  uri: string;
  folder: string;
  messages: string[];
}

async function inFolder(uri: string, test: (place: Place) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-mlflow-" });
  try {
    await test({ uri, folder, messages: [] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function loggerAt({ uri, folder, messages }: Place, signal = new AbortController().signal): MlflowLogger {
  const options = plugin.options.parse({ uri, experiment: "tests, 1", every_seconds: 0.05 });
  const log = (message: string) => void messages.push(message);
  return new MlflowLogger(new WebServer(uri), options, {
    ...{ runDirectory: folder, log, signal, retrySeconds: [0.05, 0.2] },
  });
}

function tell(logger: MlflowLogger, first: number, last: number): void {
  const evaluate = (step: number, network: string) =>
    logger.evaluation({ step, epoch: step / 2, network, evaluation: { knn: { top1: step / 10 } } });
  if (first === 1) ["teacher", "untrained"].forEach((network) => evaluate(0, network));
  else if ((first - 1) % 2 === 0) evaluate(first - 1, "student");
  for (let step = first; step <= last; step++) {
    const record = {
      step,
      epoch: step / 2,
      loss: 1 / step,
      lr: 0.1,
      images_per_second: 10,
      gradient_norm: NaN,
    };
    logger.step({ ...record, metrics: { "a,b": step } }, {
      seconds: 1,
      dataWaitSeconds: 0,
      secondsLeft: null,
    });
    if (step % 2 === 0) evaluate(step, "student");
  }
}

const api = async (uri: string, path: string) => await (await fetch(`${uri}/api/2.0/mlflow/${path}`)).json();

async function historyOf(uri: string, id: string, key: string): Promise<[step: number, value: unknown][]> {
  const { metrics = [] } = await api(
    uri,
    `metrics/get-history?run_id=${id}&metric_key=${encodeURIComponent(key)}`,
  );
  return metrics.map(({ step = 0, value }: { step?: number; value: unknown }) => [Number(step), value]);
}

/** A run that breaks off after step 5, and goes on from step 4: a server has each figure once. */
async function checkServer(place: Place): Promise<void> {
  const { uri, folder } = place;
  {
    await using logger = loggerAt(place);
    await logger.start(RUN);
    tell(logger, 1, 5);
  }
  const { run_id: id } = JSON.parse(await Deno.readTextFile(`${folder}/mlflow.json`));
  assert.equal((await api(uri, `runs/get?run_id=${id}`)).run.info.status, "FAILED");
  {
    await using logger = loggerAt(place);
    await logger.start({ ...RUN, startStep: 4 });
    tell(logger, 5, 400); // more than one batch of a thousand metrics
    assert.equal((await api(uri, `runs/get?run_id=${id}`)).run.info.status, "RUNNING");
    await logger.end();
  }
  const steps = Array.from({ length: 400 }, (_, i) => i + 1);
  assert.deepEqual(await historyOf(uri, id, "train/loss"), steps.map((step) => [step, 1 / step]));
  assert.deepEqual(await historyOf(uri, id, "metrics/a_b"), steps.map((step) => [step, step]));
  assert.deepEqual(await historyOf(uri, id, "evaluation/knn/top1/teacher"), [[0, 0]]);
  const evaluated = steps.filter((step) => step % 2 === 0).map((step) => [step, step / 10]);
  assert.deepEqual(await historyOf(uri, id, "evaluation/knn/top1/student"), evaluated);
  const { info, data } = (await api(uri, `runs/get?run_id=${id}`)).run;
  assert.deepEqual([info.status, info.run_name], ["FINISHED", "test"]);
  const params = Object.fromEntries(
    data.params.map((one: { key: string; value: string }) => [one.key, one.value]),
  );
  assert.deepEqual(
    { ...params, note: params.note.length },
    { seed: "0", "train.lr": "0.1", "train.drops": "[1,2]", note: 500, queue: "null" },
  );
  assert.deepEqual(place.messages, []);
}

Deno.test("a run that broke off and was resumed is one run of the server, with each figure once", async () => {
  await using server = new FakeMlflow();
  await inFolder(server.uri, checkServer);
});

Deno.test({
  name: "the same on a real server of MLflow" +
    (hasMlflow ? "" : " (ignored: SEED_PEER_PYTHON names no Python with mlflow)"),
  ignore: !hasMlflow,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "seed-mlflow-" }), port = 5000 + Deno.pid % 40000;
    const process = new Deno.Command(python!, {
      args: ["-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", `${port}`].concat([
        ...[
          "--backend-store-uri",
          `sqlite:///${folder}/db`,
          "--default-artifact-root",
          `${folder}/artifacts`,
        ],
      ]),
      // Without its helpers, which outlive it.
      env: { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false" },
      ...{ stdout: "null", stderr: "null", cwd: folder },
    }).spawn();
    try {
      const uri = `http://127.0.0.1:${port}`, end = performance.now() + 120_000;
      const isUp = async () =>
        await fetch(`${uri}/health`).then(({ body, ok }) => body?.cancel().then(() => ok), () => false);
      while (!await isUp()) {
        assert.ok(performance.now() < end, "the server does not start");
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      await inFolder(uri, checkServer);
    } finally {
      process.kill("SIGTERM");
      await process.status;
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("a server that is away for a while is told of once, and gets all when it is back", async () => {
  await using server = new FakeMlflow();
  await inFolder(server.uri, async (place) => {
    await using logger = loggerAt(place);
    await logger.start(RUN);
    tell(logger, 1, 3);
    await server.goAway();
    for (let step = 4; step <= 9; step++) {
      tell(logger, step, step);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    server.comeBack();
    await logger.end();
    const [id] = server.runs.keys();
    assert.deepEqual((await historyOf(server.uri, id, "train/lr")).map(([step]) => step), [
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      9,
    ]);
    assert.equal(place.messages.length, 2);
    assert.match(
      place.messages[0],
      /^The MLflow server "http:\S+" is away \(.*[Cc]onnection refused.*\): the run goes on/,
    );
    assert.match(place.messages[1], /^The MLflow server "http:\S+" is back$/);
  });
});

Deno.test("a server that is away when a run goes on is waited for; when it begins, it is an error", async () => {
  await using server = new FakeMlflow();
  await inFolder(server.uri, async (place) => {
    {
      await using logger = loggerAt(place);
      await logger.start(RUN);
      tell(logger, 1, 2);
    }
    await server.goAway();
    {
      await using logger = loggerAt(place);
      await logger.start({ ...RUN, startStep: 2 });
      tell(logger, 3, 4);
      await new Promise((resolve) => setTimeout(resolve, 200));
      server.comeBack();
      await logger.end();
    }
    const [[id, { info }]] = server.runs;
    assert.equal(info.status, "FINISHED");
    assert.deepEqual((await historyOf(server.uri, id, "train/lr")).map(([step]) => step), [1, 2, 3, 4]);
    await server.goAway();
    await Deno.remove(`${place.folder}/mlflow.json`);
    await using logger = loggerAt(place);
    await assert.rejects(
      async () => await logger.start(RUN),
      (error: Error) =>
        error instanceof RunError && /does not answer: .*; start it, or mend uri$/.test(error.message),
    );
  });
});

Deno.test("a run that broke off before its first step goes on as the same run, with each figure once", async () => {
  await using server = new FakeMlflow();
  await inFolder(server.uri, async (place) => {
    const evaluate = (logger: MlflowLogger, network: string) =>
      logger.evaluation({ step: 0, epoch: 0, network, evaluation: { knn: { top1: 0.5 } } });
    for (const networks of [["teacher"], ["teacher", "untrained"]]) {
      await using logger = loggerAt(place);
      await logger.start(RUN);
      for (const network of networks) evaluate(logger, network);
    }
    const [[id]] = server.runs;
    assert.equal(server.runs.size, 1);
    for (const network of ["teacher", "untrained"]) {
      assert.deepEqual(await historyOf(server.uri, id, `evaluation/knn/top1/${network}`), [[0, 0.5]]);
    }
  });
});

Deno.test("a server that refuses figures is told how the run ended", async () => {
  await using server = new FakeMlflow();
  await inFolder(server.uri, async (place) => {
    for (const refused of ["runs/log-batch", null]) {
      server.runs.clear();
      await Deno.remove(`${place.folder}/mlflow.json`).catch(() => {});
      {
        await using logger = loggerAt(place);
        server.refused = refused; // what a run is like, or else its first figures
        await logger.start(RUN).catch((error) => assert.match(error.message, /refuses with 400/));
        server.refused = "runs/log-batch";
        if (refused === null) tell(logger, 1, 1);
        await new Promise((resolve) => setTimeout(resolve, 200));
        await logger.end().catch((error) => assert.match(error.message, /refuses with 400/));
      }
      const [{ info }] = server.runs.values();
      assert.equal(info.status, "FINISHED");
    }
  });
});

Deno.test("what the server refuses is the logger's failure; a run that is gone is told before training", async () => {
  await using server = new FakeMlflow();
  await inFolder(server.uri, async (place) => {
    await using logger = loggerAt(place);
    await logger.start(RUN);
    server.runs.clear();
    tell(logger, 1, 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.throws(() => tell(logger, 2, 2), /refuses with 404 .*RESOURCE_DOES_NOT_EXIST/);
    await using again = loggerAt(place);
    await assert.rejects(
      async () => await again.start({ ...RUN, startStep: 1 }),
      /has no run \w+ any more; delete ".*mlflow\.json" to begin another there$/,
    );
    await Deno.writeTextFile(`${place.folder}/mlflow.json`, "{");
    await assert.rejects(async () => await again.start({ ...RUN, startStep: 1 }), /is damaged/);
  });
});

Deno.test("another server than MLflow's is told", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("<html>"),
  );
  const { port } = server.addr as Deno.NetAddr;
  await inFolder(`http://127.0.0.1:${port}`, async (place) => {
    await using logger = loggerAt(place);
    await assert.rejects(async () => await logger.start(RUN), /is it an MLflow server\?$/);
  });
});

Deno.test("addresses with secrets are refused, and so is half of a name and password", async () => {
  for (const uri of ["http://me:secret@host", "http://host?token=1", "ftp://host", "http://host/", "host"]) {
    assert.equal(plugin.options.safeParse({ uri }).success, false, uri);
  }
  Deno.env.set("MLFLOW_TRACKING_USERNAME", "me");
  try {
    const check = async () => await plugin.checkFiles!(plugin.options.parse({}), {} as never);
    await assert.rejects(
      check,
      (error: Error) => error instanceof UsageError && /PASSWORD is not/.test(error.message),
    );
  } finally {
    Deno.env.delete("MLFLOW_TRACKING_USERNAME");
  }
});
