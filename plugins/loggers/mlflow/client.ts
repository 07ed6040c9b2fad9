/**
 * MLflow's REST API, as far as it is used here.
 * https://mlflow.org/docs/latest/rest-api.html
 *
 * @module
 */
import { RefusedError, RunError, type WebServer, z } from "@seed/core";

/** A figure under a name, at a step. */
export interface Metric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

/** A parameter or a tag. */
export interface Entry {
  readonly key: string;
  readonly value: string;
}

/** How a run stands. */
export type Status = "RUNNING" | "FINISHED" | "FAILED" | "KILLED";

/** What one `log-batch` may hold. */
export const MOST = { metrics: 1000, params: 100, tags: 100 } as const;

const EXPERIMENT = z.looseObject({ experiment: z.looseObject({ experiment_id: z.string() }) });
const CREATED = z.looseObject({ experiment_id: z.string() });
const RUN = z.looseObject({
  run: z.looseObject({
    info: z.looseObject({ run_id: z.string() }),
    data: z.looseObject({
      metrics: z.array(z.looseObject({ key: z.string(), step: z.coerce.number().default(0) })).default([]),
    }).default({ metrics: [] }),
  }),
});

/** Calls of a tracking server. Each is ended by its signal, as if the server were away. */
export class MlflowClient {
  constructor(private readonly server: WebServer) {}

  /** The experiment of a name, which is made if there is none. */
  async experiment(name: string): Promise<string> {
    const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    try {
      return (await this.#get(path, EXPERIMENT)).experiment.experiment_id;
    } catch (error) {
      if (!isAnswer(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
    }
    try {
      return (await this.#post("experiments/create", { name }, { schema: CREATED })).experiment_id;
    } catch (error) {
      if (!isAnswer(error, "RESOURCE_ALREADY_EXISTS")) throw error;
      return (await this.#get(path, EXPERIMENT)).experiment.experiment_id; // another run was faster
    }
  }

  /** Makes a run, and returns its id. */
  async createRun(experiment: string, name: string, tags: readonly Entry[]): Promise<string> {
    const body = { experiment_id: experiment, run_name: name, start_time: Date.now(), tags };
    return (await this.#post("runs/create", body, { schema: RUN })).run.info.run_id;
  }

  /** The newest step of each metric of a run. */
  async newestSteps(id: string, signal?: AbortSignal): Promise<Map<string, number>> {
    const { run: { data } } = await this.#get(`runs/get?run_id=${encodeURIComponent(id)}`, RUN, signal);
    return new Map(data.metrics.map(({ key, step }) => [key, step]));
  }

  /** Writes down any number of metrics and parameters, in as many calls as it takes. */
  async log(
    id: string,
    { metrics = [], params = [] }: { metrics?: readonly Metric[]; params?: readonly Entry[] },
    signal?: AbortSignal,
  ): Promise<void> {
    for (let at = 0; at < metrics.length; at += MOST.metrics) {
      const part = metrics.slice(at, at + MOST.metrics).map((metric) => ({
        ...metric,
        value: Number.isFinite(metric.value) ? metric.value : nameOf(metric.value),
      }));
      await this.#post("runs/log-batch", { run_id: id, metrics: part }, { signal });
    }
    for (let at = 0; at < params.length; at += MOST.params) {
      const part = params.slice(at, at + MOST.params);
      await this.#post("runs/log-batch", { run_id: id, params: part }, { signal });
    }
  }

  /** Says how a run stands; with an end unless it is running. */
  async update(id: string, status: Status, signal?: AbortSignal): Promise<void> {
    const end = status === "RUNNING" ? {} : { end_time: Date.now() };
    await this.#post("runs/update", { run_id: id, status, ...end }, { signal });
  }

  async #get<S extends z.ZodType>(path: string, schema: S, signal?: AbortSignal): Promise<z.output<S>> {
    return this.#parse(await this.server.request("GET", `/api/2.0/mlflow/${path}`, { signal }), schema);
  }

  async #post<S extends z.ZodType = z.ZodUnknown>(
    path: string,
    body: object,
    { schema, signal }: { schema?: S; signal?: AbortSignal },
  ): Promise<z.output<S>> {
    const sent = { body: JSON.stringify(body), type: "application/json", signal };
    const text = await this.server.request("POST", `/api/2.0/mlflow/${path}`, sent);
    return schema ? this.#parse(text, schema) : undefined as z.output<S>;
  }

  #parse<S extends z.ZodType>(text: string, schema: S): z.output<S> {
    const { success, data } = schema.safeParse(jsonOf(text));
    if (success) return data;
    throw new RunError(
      `What "${this.server.address}" answers is none of MLflow's answers; is it an MLflow server?`,
    );
  }
}

/** Whether MLflow refuses with this code. */
export function isAnswer(error: unknown, code: string): boolean {
  return error instanceof RefusedError &&
    (jsonOf(error.answer) as { error_code?: unknown })?.error_code === code;
}

/** What a text says; undefined: it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON has no such numbers; Protocol Buffers write them as text. */
function nameOf(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}
