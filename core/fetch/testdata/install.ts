/**
 * A process that installs a package, or several, for tests: the options as JSON are the only argument.
 *
 * @module
 */
import { RunError } from "../../errors.ts";
import { installPackage, installPackages } from "../pip_package.ts";

const options = JSON.parse(Deno.args[0]);
try {
  const host = {
    log: (message: string) => console.log(message),
    signal: new AbortController().signal,
  };
  if (options.packages) await installPackages({ ...options, ...host });
  else await installPackage({ ...options, ...host });
} catch (error) {
  if (!(error instanceof RunError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
