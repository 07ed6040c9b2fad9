/**
 * Whether a program is there and answers `--version`. Where it is not, some versions of Deno throw at the call, and others
 * reject what it returns.
 */
export async function answers(program: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}
