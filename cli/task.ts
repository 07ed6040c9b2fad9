/**
 * The command line as the tasks of `deno.json` call it. A task runs in the project's folder wherever it is given;
 * paths on its command line begin where it is given, which npm and Deno tell by `INIT_CWD`.
 *
 * @module
 */
const given = Deno.env.get("INIT_CWD");
if (given) {
  try {
    Deno.chdir(given);
  } catch (error) {
    console.error(
      `INIT_CWD names the folder that the command is given in, but it cannot be entered: ${
        (error as Error).message
      }; unset it`,
    );
    Deno.exit(2);
  }
}
// Only now: what it imports may look at the folder.
await import("./main.ts");
