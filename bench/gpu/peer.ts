import { fileURLToPath } from "node:url";
import type { Sizes } from "./sizes.ts";

/** Modes of `torch.compile`. */
export const PEER_MODES = ["default", "max-autotune"] as const;
export type PeerMode = typeof PEER_MODES[number];

/** timm's names of the students. */
const TIMM: Readonly<Record<string, string>> = {
  "efficientnet-b0": "efficientnet_b0",
  "mobilenet-v3-large": "mobilenetv3_large_100",
  "mobilenet-v3-small": "mobilenetv3_small_100",
  "resnet18": "resnet18",
};

/**
 * The same step in PyTorch on the card: `peer.py` beside this file. `SEED_PEER_PYTHON`, else `python3`, has torch and
 * timm. Tiny, it may run on the processor.
 */
export async function askPeer(
  { student, teacher, mode, tiny, seconds }: {
    student: string;
    teacher: string;
    mode: PeerMode;
    tiny: boolean;
    seconds: number;
  },
  { step: { batch, size, queue }, timing }: Sizes,
): Promise<unknown> {
  const python = Deno.env.get("SEED_PEER_PYTHON") || "python3";
  const script = fileURLToPath(new URL("./peer.py", import.meta.url));
  const given = {
    ...{ student: TIMM[student], teacher, mode, batch, size, queue },
    ...{ ...timing, may_use_processor: tiny },
  };
  const { success, stdout } = await new Deno.Command(python, {
    args: [script, JSON.stringify(given)],
    stderr: "inherit",
    signal: AbortSignal.timeout(1000 * seconds), // before this process is ended, which would leave it behind
  }).output();
  if (!success) throw new Error(`${python} ${script} failed; its message is above`);
  const last = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
  return { student, teacher, mode, batch, size, queue, precision: "bf16", ...JSON.parse(last) };
}
