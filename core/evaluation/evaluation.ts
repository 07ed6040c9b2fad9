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
  evaluation: Record<string, Figures>;
  details: Record<string, EvaluationDetails>;
}

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
    private readonly options: Omit<EmbedOptions, "size">,
  ) {}

  /**
   * Evaluates the teacher, and keeps its embeddings to compare others with.
   *
   * @param batch How many images it is given at a time, if not as many as other networks.
   */
  async teacher(encode: Encoder, size: number, batch: { batchSize?: number } = {}): Promise<Evaluated> {
    this.#teacher = await this.#embed(encode, { size, ...batch });
    return await this.#run(this.#teacher);
  }

  /** Evaluates another network. */
  async network(encode: Encoder, size: number, network?: TrainableNetwork): Promise<Evaluated> {
    return await this.#run(await this.#embed(encode, { size }), network);
  }

  async #embed(encode: Encoder, own: { size: number; batchSize?: number }): Promise<Embedded> {
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
    return { evaluation, details };
  }
}
