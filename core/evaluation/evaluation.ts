import type { DataSource } from "../interfaces/data_source.ts";
import { embedImages, type EmbedOptions, type Encoder } from "./embed_images.ts";
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

/** An evaluator, and what makes views for it. */
export interface EvaluatorInUse {
  readonly evaluator: Evaluator;
  readonly views: ViewMaker;
}

/** Evaluates networks on one data source; the teacher's embeddings are computed once. */
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
   * @param batch How many images it is given at a time, if not as many as other networks.
   */
  async teacher(encode: Encoder, size: number, batch: { batchSize?: number } = {}): Promise<Evaluated> {
    this.#teacher = await this.#embed(encode, { network: "the teacher", size, ...batch });
    return await this.#run(this.#teacher);
  }

  /**
   * Evaluates another network.
   *
   * @param name What it is called in an error: `the student at step 40`.
   */
  async network(
    encode: Encoder,
    { name, size }: { name: string; size: number },
    network?: TrainableNetwork,
  ): Promise<Evaluated> {
    return await this.#run(await this.#embed(encode, { network: name, size }), network);
  }

  async #embed(
    encode: Encoder,
    own: { network: string; size: number; batchSize?: number },
  ): Promise<Embedded> {
    const options = { ...this.options, ...own };
    return {
      gallery: await embedImages(this.data.gallery, encode, options),
      queries: await embedImages(this.data.queries, encode, options),
    };
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
