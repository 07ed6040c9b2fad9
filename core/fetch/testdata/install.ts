/**
 * A process that installs a package, for tests: its options as JSON are the only argument.
 *
 * @module
 */
import { RunError } from "../../errors.ts";
import { installPackage } from "../pip_package.ts";

const options = JSON.parse(Deno.args[0]);
try {
  await installPackage({
    ...options,
    log: (message: string) => console.log(message),
    signal: new AbortController().signal,
  });
} catch (error) {
  if (!(error instanceof RunError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
