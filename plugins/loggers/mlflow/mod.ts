/**
 * A run in MLflow's tracking server, by its REST API: parameters, figures of steps and evaluations.
 *
 * @module
 */
import { definePlugin, headersFromEnvironment, requireNetwork, UsageError, WebServer, z } from "@seed/core";
import { MlflowLogger } from "./mlflow_logger.ts";

const NAME = "@seed/logger-mlflow";

/** MLflow's own client takes who one is from these too. */
function credentials(): Record<string, string> {
  const token = Deno.env.get("MLFLOW_TRACKING_TOKEN"), name = Deno.env.get("MLFLOW_TRACKING_USERNAME");
  if (token) {
    headersFromEnvironment(NAME, { authorization: "MLFLOW_TRACKING_TOKEN" }); // that it can be one
    return { authorization: `Bearer ${token}` };
  }
  if (!name) return {};
  const password = Deno.env.get("MLFLOW_TRACKING_PASSWORD");
  if (password === undefined) {
    throw new UsageError(
      "MLFLOW_TRACKING_USERNAME is set, but MLFLOW_TRACKING_PASSWORD is not; set both, or neither",
    );
  }
  return { authorization: `Basic ${new TextEncoder().encode(`${name}:${password}`).toBase64()}` };
}

export default definePlugin({
  kind: "logger",
  name: NAME,
  apiVersion: 1,
  about: { summary: "A run in MLflow's tracking server", source: "MLflow's REST API 2.0" },
  options: z.strictObject({
    /** The server's address. */
    uri: z.string().max(2000).regex(
      /^https?:\/\/[^\s\/@?#]+(\/[^\s?#]*[^\s?#\/])?$/,
      "Expected an address such as http://127.0.0.1:5000, without a name, a password or a slash at its end",
    ).default("http://127.0.0.1:5000"),
    /** Made if there is none of the name. */
    experiment: z.string().min(1).max(200).default("seed"),
    /** Name of the run; null: its folder's. */
    run_name: z.string().min(1).max(200).nullable().default(null),
    /** Steps from one set of figures to the next. */
    every_steps: z.int().positive().max(1e9).default(1),
    /** Seconds from one batch to the next. */
    every_seconds: z.number().positive().max(3600).default(5),
  }),
  checkFiles({ uri }) {
    requireNetwork(NAME, uri);
    credentials();
    return Promise.resolve();
  },
  create: (options, { log, signal, runDirectory }) =>
    new MlflowLogger(new WebServer(options.uri, credentials()), options, { log, signal, runDirectory }),
});
