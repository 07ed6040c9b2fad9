import type { DataSource } from "../interfaces/data_source.ts";
import { asFirst, waitForFirst } from "../processes/go_on_together.ts";
import { embedBatches, embedImages, type EmbedOptions, type Encoder } from "./embed_images.ts";
import type {
  Embedded,
  EvaluationDetails,
  Evaluator,
  Figures,
  TrainableNetwork,
  ViewMaker,
} from "../interfaces/evaluator.ts";

/** What evaluators found of a network, by their names. */
export interface Evaluated {
  /** True: the network makes the same of all images, so that the figures are those of a guess. Absent: it does not. */
  identical_features?: true;
  evaluation: Record<string, Figures>;
  details: Record<string, EvaluationDetails>;
}

/** What a reader of figures is told where {@link Evaluated.identical_features} is set. */
export const IDENTICAL_FEATURES =
  "Warning: the network makes the same of all images (it is dead, or has collapsed): the figures are those of a guess";

/** Takes what it wants of a network's embeddings when its figures are there; of several processes the first is asked. */
export type Keep = (subject: Embedded) => Promise<void>;

/** An evaluator, and what makes views for it. */
export interface EvaluatorInUse {
  readonly evaluator: Evaluator;
  readonly views: ViewMaker;
}

/**
 * Evaluates networks on one data source; the teacher's embeddings are computed once. Of several processes all embed,
 * and the first alone evaluates: the others get no figures.
 */
export class Evaluation {
  #teacher: Embedded | null = null;

  constructor(
    private readonly evaluators: readonly EvaluatorInUse[],
    private readonly data: NonNullable<DataSource["evaluation"]>,
    private readonly options: Omit<EmbedOptions, "size" | "network">,
  ) {}

  /**
   * Evaluates the teacher, and keeps its embeddings to compare others with.
   *
   * @param more.batchSize How many images it is given at a time, if not as many as other networks.
   */
  async teacher(
    encode: Encoder,
    size: number,
    { keep, ...batch }: { batchSize?: number; keep?: Keep } = {},
  ): Promise<Evaluated> {
    return await this.#evaluate(encode, { network: "the teacher", size, ...batch }, async (subject) => {
      this.#teacher = subject;
      const found = await this.#run(subject);
      await keep?.(subject);
      return found;
    });
  }

  /**
   * Evaluates another network.
   *
   * @param name What it is called in an error: `the student at step 40`.
   */
  async network(
    encode: Encoder,
    { name, size, keep }: { name: string; size: number; keep?: Keep },
    network?: TrainableNetwork,
  ): Promise<Evaluated> {
    return await this.#evaluate(encode, { network: name, size }, async (subject) => {
      const found = await this.#run(subject, network);
      await keep?.(subject);
      return found;
    });
  }

  async #evaluate(
    encode: Encoder,
    own: { network: string; size: number; batchSize?: number },
    run: (subject: Embedded) => Promise<Evaluated>,
  ): Promise<Evaluated> {
    const options = { ...this.options, ...own }, { gallery, queries } = this.data, { processes } = options;
    const embed = async () => ({
      gallery: await embedImages(gallery, encode, options),
      queries: await embedImages(queries, encode, options),
    });
    if (!processes) return await run(await embed());
    if (processes.rank === 0) {
      const subject = await embed();
      return await asFirst(processes, options.signal, () => run(subject));
    }
    for (const images of [gallery, queries]) {
      for await (const _ of embedBatches(images, encode, options)); // the first keeps them
    }
    await waitForFirst(processes);
    return { evaluation: {}, details: {} };
  }

  async #run(subject: Embedded, network?: TrainableNetwork): Promise<Evaluated> {
    const evaluation: Record<string, Figures> = {}, details: Record<string, EvaluationDetails> = {};
    for (const { evaluator, views } of this.evaluators) {
      if (evaluator.usesNetwork && !network) continue;
      evaluation[evaluator.name] = await evaluator.evaluate({
        ...{ subject, teacher: this.#teacher, network, views },
        report: (found) => details[evaluator.name] = found,
      });
    }
    return { evaluation, details, ...areIdentical(subject) && { identical_features: true } };
  }
}

/** Features whose range is below this part of their size differ by rounding alone. */
const ROUNDING = 1e-5;

/** Whether all rows of features are the same but for rounding: a network that is dead, or has collapsed. */
function areIdentical({ gallery, queries }: Embedded): boolean {
  const { featureDim: dim } = queries, rows = [gallery.features, queries.features];
  if (rows[0].length + rows[1].length <= dim) return false; // of one image
  for (let feature = 0; feature < dim; feature++) {
    let least = Infinity, most = -Infinity;
    for (const values of rows) {
      for (let i = feature; i < values.length; i += dim) {
        least = Math.min(least, values[i]);
        most = Math.max(most, values[i]);
      }
    }
    if (most - least > ROUNDING * Math.max(Math.abs(most), Math.abs(least))) return false;
  }
  return true;
}
