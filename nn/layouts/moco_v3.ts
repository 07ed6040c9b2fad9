import { ANTIALIASED_INTERPOLATION } from "../layers/position_embedding.ts";
import type { Layout } from "./layout.ts";
import { buildOf, type TimmNetwork } from "./timm_network.ts";

/** Heads of all of MoCo-v3's vision transformers, also where the network of the same size elsewhere has fewer. */
const HEADS = 12;

/**
 * Files of facebookresearch/moco-v3 (`vits.py`): the encoder, which is what its authors evaluate, or the momentum encoder
 * where that is all there is. Positions are fixed sines and cosines, which the file holds; of another grid they are
 * interpolated as timm does, for MoCo-v3 reads pictures of the file's size alone.
 */
export function mocoV3Layouts(network: TimmNetwork): Layout[] {
  const build = buildOf({ ...network, heads: HEADS, interpolation: ANTIALIASED_INTERPOLATION });
  const encoder = (name: string, prefix: string): Layout => ({
    ...{ name, prefix, build, head: null },
    ...network.heads !== HEADS && { differs: `has ${HEADS} heads in its attention, not ${network.heads}` },
    marks: [`${prefix}cls_token`],
    dropped: (entry) => !entry.startsWith(prefix) || entry.startsWith(`${prefix}head.`),
  });
  return [
    encoder("moco v3", "module.base_encoder."),
    encoder("moco v3, momentum encoder", "module.momentum_encoder."),
  ];
}
