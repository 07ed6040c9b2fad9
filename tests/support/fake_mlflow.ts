/**
 * A small stand-in of MLflow's tracking server: the calls that the logger makes, with the answers, the bounds and the
 * errors of version 3.17.2, as a real server gave them.
 *
 * @module
 */

interface Metric {
  key: string;
  value: number | string;
  timestamp: number;
  step: number;
}

interface Run {
  info: Record<string, unknown>;
  metrics: Metric[];
  params: Map<string, string>;
}

class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

const missing = (what: string) => new Refusal(404, "RESOURCE_DOES_NOT_EXIST", what);
const invalid = (what: string) => new Refusal(400, "INVALID_PARAMETER_VALUE", what);

/** A server on the loopback interface, which can be away for a while. */
export class FakeMlflow implements AsyncDisposable {
  readonly experiments = new Map<string, string>();
  readonly runs = new Map<string, Run>();
  /** Paths of all requests. */
  readonly requests: string[] = [];
  /** A path that is refused; null: none is. */
  refused: string | null = null;
  #server: Deno.HttpServer<Deno.NetAddr> | null = null;
  #port = 0;

  constructor() {
    this.comeBack();
  }

  get uri(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  comeBack(): void {
    const options = { hostname: "127.0.0.1", port: this.#port, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request)) as Deno.HttpServer<Deno.NetAddr>;
    this.#port = this.#server.addr.port;
  }

  async goAway(): Promise<void> {
    await this.#server?.shutdown();
    this.#server = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goAway();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url), path = pathname.replace("/api/2.0/mlflow/", "");
    this.requests.push(path);
    const body = request.method === "POST" ? await request.json() : Object.fromEntries(searchParams);
    try {
      return Response.json(this.#call(path, body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return Response.json({ error_code: error.code, message: error.message }, { status: error.status });
    }
  }

  #call(path: string, body: Record<string, any>): unknown {
    if (path === this.refused) throw invalid("refused");
    switch (path) {
      case "experiments/get-by-name": {
        const id = this.experiments.get(body.experiment_name);
        if (id === undefined) throw missing(`Could not find experiment with name '${body.experiment_name}'`);
        return { experiment: { experiment_id: id, name: body.experiment_name, lifecycle_stage: "active" } };
      }
      case "experiments/create": {
        if (this.experiments.has(body.name)) {
          throw new Refusal(400, "RESOURCE_ALREADY_EXISTS", "already exists");
        }
        this.experiments.set(body.name, `${this.experiments.size + 1}`);
        return { experiment_id: this.experiments.get(body.name) };
      }
      case "runs/create": {
        const id = crypto.randomUUID().replaceAll("-", "");
        const info = {
          run_id: id,
          experiment_id: body.experiment_id,
          run_name: body.run_name,
          status: "RUNNING",
        };
        this.runs.set(id, { info, metrics: [], params: new Map() });
        return { run: { info, data: { tags: body.tags }, inputs: {} } };
      }
      case "runs/get":
        return { run: this.#shown(this.#run(body.run_id)) };
      case "runs/update": {
        const { info } = this.#run(body.run_id);
        info.status = body.status;
        return { run_info: info };
      }
      case "runs/log-batch":
        this.#logBatch(this.#run(body.run_id), body);
        return {};
      case "metrics/get-history":
        return { metrics: this.#run(body.run_id).metrics.filter(({ key }) => key === body.metric_key) };
    }
    throw new Refusal(404, "ENDPOINT_NOT_FOUND", path);
  }

  #run(id: string): Run {
    const run = this.runs.get(id);
    if (!run) throw missing(`Run with id=${id} not found`);
    return run;
  }

  /** Of each metric the newest. */
  #shown({ info, metrics, params }: Run) {
    const newest = new Map<string, Metric>();
    for (const metric of metrics) {
      const known = newest.get(metric.key);
      if (!known || metric.step >= known.step) newest.set(metric.key, metric);
    }
    const data = {
      metrics: [...newest.values()],
      params: [...params].map(([key, value]) => ({ key, value })),
    };
    return { info, data: newest.size ? data : {} };
  }

  #logBatch(
    run: Run,
    { metrics = [], params = [] }: { metrics?: Metric[]; params?: { key: string; value: string }[] },
  ) {
    if (metrics.length > 1000) throw invalid("A batch logging request can contain at most 1000 metrics.");
    if (params.length > 100) throw invalid("A batch logging request can contain at most 100 params.");
    for (const { key, value, timestamp, step } of metrics) {
      if (!/^[\w\-.: /]+$/.test(key)) throw invalid(`Invalid value "${key}" for parameter 'metrics[0].name'`);
      if (typeof value !== "number" && !/^(NaN|-?Infinity)$/.test(value)) throw invalid("no number");
      // One that is there already, with its time, is not written twice.
      const same = (one: Metric) => one.key === key && one.step === step && one.timestamp === timestamp;
      if (!run.metrics.some(same)) run.metrics.push({ key, value, timestamp, step });
    }
    for (const { key, value } of params) {
      if ((run.params.get(key) ?? value) !== value) throw invalid("Changing param values is not allowed.");
      run.params.set(key, value);
    }
  }
}
