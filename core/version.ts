import config from "./deno.json" with { type: "json" };

/** SEED's own version, for the records of runs. */
export const SEED_VERSION: string = config.version;
