/**
 * What a plugin is: a default-exported plain object that says its kind, describes its options with a schema, and
 * creates the thing. Importing a plugin's module must be cheap and must not touch data, weights or the engine.
 *
 * @module
 */
import type { z } from "zod";
import type { Augmenter } from "./augmenter.ts";
import type { DataSource } from "./data_source.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Device, Engine } from "./engine.ts";
import type { Evaluator } from "./evaluator.ts";
import type { Logger } from "./logger.ts";
import type { Objective, ObjectiveNeeds } from "./objective.ts";
import type { Queue } from "./queue.ts";
import type { InitialWeights, Student, TakenWeights, WeightsPlace } from "./student.ts";
import type { Teacher, TeacherHead } from "./teacher.ts";

/** What every plugin is given. */
export interface PluginContext {
  /** Seed of the run; key every draw with it: `new Random(context.seed, "purpose", ...)`. */
  readonly seed: number;
  /** Makes a path of the recipe absolute (relative paths start where the command was run). */
  resolve(path: string): string;
  /** Folder of the user's cache for this plugin's downloads and derived files; not created yet. */
  readonly cacheDir: string;
  /** Prints a line to the user. */
  log(message: string): void;
  /** Aborted when the user interrupts, and in a worker also when the workers end. */
  readonly signal: AbortSignal;
}

/** What a plugin that computes is given. */
export interface NetworkContext extends PluginContext {
  readonly engine: Engine;
}

/** What each kind of plugin creates, from what, and what it has to say of its needs. */
export interface PluginKinds {
  engine: {
    creates: Engine;
    context: PluginContext & { readonly device: Device | "auto"; readonly trace: boolean };
  };
  teacher: { creates: Teacher; context: NetworkContext; tells: TeacherFacts };
  student: {
    creates: Student;
    context: NetworkContext & {
      /** The teacher's width, or null without a teacher. */
      readonly embeddingDim: number | null;
      /**
       * Whether training is to leave a parameter of the name as it is (`train.freeze`): the student marks it
       * `frozen`, and batch norms whose running statistics are frozen go by them in training too. Absent: none is.
       */
      isFrozen?(name: string): boolean;
      /** The teacher's projection head, for a student that takes it over. Absent or null: there is none. */
      readonly teacherHead?: TeacherHead | null;
    };
    tells: StudentFacts;
  };
  queue: {
    creates: Queue;
    /** `batchSize`: rows that enter the queue at a step. */
    context: NetworkContext & { readonly embeddingDim: number; readonly batchSize: number };
    tells: QueueFacts;
  };
  /** `createStudent` makes another student like the one that is trained (a momentum encoder); the caller owns it. */
  objective: {
    creates: Objective;
    context: NetworkContext & {
      createStudent(): Promise<Student>;
      readonly embeddingDim: number;
      /** Of the student's backbone. */
      readonly featureDim: number;
      /** The teacher's width; null without a teacher. */
      readonly teacherDim: number | null;
      /** Channels of the student's maps, and of the teacher's; null: there are none. */
      readonly studentMapDim: number | null;
      readonly teacherMapDim: number | null;
      /** Parts of a pass whose batch norms are apart (`train.bn_splits`). */
      readonly bnSplits: number;
    };
    needs: ObjectiveNeeds;
  };
  augmenter: { creates: Augmenter; context: PluginContext; tells: AugmenterFacts };
  data: { creates: DataSource; context: PluginContext };
  evaluator: { creates: Evaluator; context: NetworkContext; needs: EvaluatorNeeds };
  logger: { creates: Logger; context: PluginContext & { readonly runDirectory: string } };
}

/** What an engine that stands for others is told, to choose by. */
export interface EngineChoiceContext extends PluginContext {
  readonly device: Device | "auto";
  /** Those of the run that are on this machine. */
  readonly processes: number;
}

/** An engine that is taken in place of one that stands for others. */
export interface ChosenEngine {
  /** Its module, as a recipe would name it. */
  readonly plugin: string;
  /** As a recipe would give them. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The kinds there are. */
export type PluginKind = keyof PluginKinds;

/** What an evaluator needs of a run besides embeddings. */
export interface EvaluatorNeeds {
  /** Whether it can do nothing without classes: data without them is then refused before the engine opens. */
  readonly labels?: boolean;
  /** Fewest images that it can search in, and that it can ask about: fewer are refused before the engine opens. */
  readonly gallery?: number;
  readonly queries?: number;
  /** Augmenters whose views it asks for, by names of its own. */
  readonly augmenters?: Readonly<Record<string, AugmenterReference>>;
}

/** An augmenter as worker threads can import it. */
export interface AugmenterReference {
  readonly plugin: Plugin<"augmenter">;
  /** URL of the plugin's module: `import.meta.resolve("@seed/augmenter-moco-v2")`, or `import.meta.url`. */
  readonly module: string;
  /** Default `default`. */
  readonly exportName?: string;
  /** As a recipe would give them. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What options alone say of an augmenter. */
export interface AugmenterFacts {
  /** Side of its views in pixels: {@link Augmenter.size}. */
  readonly size: number;
}

/** What options alone say of a teacher. */
export interface TeacherFacts {
  /** Width of its embedding; null: its file says it. */
  readonly embeddingDim: number | null;
  /** Side, in pixels, of the views it wants to see; null: the augmenter's. */
  readonly inputSize: number | null;
  /** Whether it has maps to give ({@link Teacher.maps}); absent: it has none. */
  readonly maps?: boolean;
  /** Whether it has a head that a student may take over ({@link Teacher.head}); absent: it has none. */
  readonly head?: boolean;
}

/** What options alone say of a queue. */
export interface QueueFacts {
  /** How many embeddings it holds. */
  readonly rows: number;
}

/** What options alone say of a student. */
export interface StudentFacts {
  /** Width of its embedding; null: the teacher's, or what its plugin takes without one. */
  readonly embeddingDim: number | null;
  /** Whether it has maps to give ({@link Student.mapDim}); absent: it has none. */
  readonly maps?: boolean;
}

/** An array that a plugin will make, as large as an option says. */
export interface ArrayNeed {
  /** The option; of one within another `head.hidden`, say. */
  readonly key: string;
  readonly shape: readonly number[];
  /** Of a value; default 4, float32's. */
  readonly bytes?: number;
  /** How many of them are held at once: 3 of a weight that is trained (it, its gradient, its momentum). Default 1. */
  readonly copies?: number;
}

/** What a plugin of a kind tells of what it will create. */
export type TellsOf<K extends PluginKind> = K extends PluginKind
  ? PluginKinds[K] extends { tells: infer Facts } ? Facts : never
  : never;

/** What a plugin of a kind tells of its needs. */
export type NeedsOf<K extends PluginKind> = K extends PluginKind
  ? PluginKinds[K] extends { needs: infer Needs } ? Needs : never
  : never;

/** Where a plugin comes from and what it stands for. */
export interface About {
  /** One sentence, shown by `ls plugins`. */
  summary: string;
  /** Paper, repository or licence it follows. */
  source?: string;
}

/** What a plugin's {@link Plugin.check} may know of the recipe. */
export interface RecipeFacts {
  readonly batchSize: number;
  /** Images that go through the student at once: a part of the batch, if it is accumulated from several. */
  readonly passSize: number;
  /** Of a queue: rows that enter it at a step. */
  readonly queueRows: number;
  /** Whether there is a teacher: to learn from, or, for an evaluator, to compare with. */
  readonly hasTeacher: boolean;
  /** Width of the embedding of the teacher to learn from; null: there is none, or only its file says it. */
  readonly teacherDim: number | null;
  /** Whether that teacher tells that it has a projection head that a student may take over; null: it was not read. */
  readonly teacherHead: boolean | null;
  /** Width of the student's embedding; null: neither options nor the teacher's tell it. */
  readonly embeddingDim: number | null;
  /** Whether there are evaluators, which need images to evaluate on. */
  readonly evaluates: boolean;
  /** Sides in pixels of the views that the student sees; none: an augmenter does not tell. */
  readonly studentSides: readonly number[];
  /** Of a teacher: sides of the views that it sees; none: an augmenter, or the teacher, does not tell. */
  readonly teacherSides: readonly number[];
}

/** What is wrong with an option. */
export interface OptionProblem {
  /** The option; of one within another `head.dim`, say. */
  key: string;
  message: string;
}

/**
 * A plugin. `options` is a zod schema (strict object with snake_case keys, defaults where sensible) of every key
 * that a recipe may write beside `plugin:`.
 */
export interface Plugin<K extends PluginKind = PluginKind, S extends z.ZodType = z.ZodType> {
  readonly kind: K;
  /** For messages, for example `@seed/queue-fifo`. */
  readonly name: string;
  readonly apiVersion: 1;
  readonly about: About;
  readonly options: S;
  /**
   * Checks options against the rest of the recipe, before anything heavy loads. Returns what is wrong; `key` is the
   * option at fault.
   */
  check?(options: z.output<S>, recipe: RecipeFacts): OptionProblem[];
  /**
   * Options that nothing reads, given the others: those of a protocol that is not chosen. A recipe that gives one is
   * refused with the message, which says why; `key` is the option, `sgd.lr` one within another.
   */
  unread?(options: z.output<S>): OptionProblem[];
  /**
   * What the plugin needs of a run, by its options: `validate`, `cache`, `view` and the loader know it without an
   * engine, a teacher or a student. Every objective tells it, and evaluators that ask for views; others need nothing.
   */
  needs?(options: z.output<S>): NeedsOf<K>;
  /**
   * What its options alone say of what it will create: an augmenter's size, a teacher's width. The checks of the
   * recipe's other plugins go by it; without it they are left to the run.
   */
  tells?(options: z.output<S>): TellsOf<K>;
  /**
   * The largest arrays that it will make, where a number of its options decides on their size: what this machine has no
   * memory for is told by `validate`, with the option, and not by a process that is killed.
   */
  arrays?(options: z.output<S>, recipe: RecipeFacts): ArrayNeed[];
  /**
   * Looks at the files that the options name, before the engine is installed or opened: what is missing or damaged
   * is told within seconds.
   *
   * @throws {RunError} If a file is not there, or cannot be what it must be.
   */
  checkFiles?(options: z.output<S>, context: PluginContext): Promise<void>;
  /**
   * Makes files that stand in for those that the options name, for a dry run without them. Asked of data sources and
   * teachers.
   *
   * @param given.folder Where to make them.
   * @param given.images How many images a data source must have.
   * @returns the options with those files in place of their own.
   */
  standIn?(options: z.output<S>, given: { folder: string; images: number }): Promise<z.output<S>>;
  /**
   * Names of the parameters that it will make, head included, so that `validate` can tell what `train.freeze` names
   * nothing of. Asked of students; without it that is left to the run.
   */
  parameterNames?(options: z.output<S>): string[];
  /**
   * Looks whether a file of weights is one that it can begin from, before anything heavy loads. Asked of students.
   *
   * @returns where the weights are, if that is more than the file that it was given: the index that a folder has, and the
   *   files that this names.
   * @throws {RunError} If it is not.
   */
  checkWeights?(options: z.output<S>, file: InitialWeights): Promise<WeightsPlace | void>;
  /**
   * Gives a student that it has made the values of a file; the projection head's where they fit. Asked of students;
   * without it a recipe's `student.weights` is refused.
   *
   * @throws {RunError} If the file does not fit.
   */
  loadWeights?(options: z.output<S>, student: Student, file: InitialWeights): Promise<TakenWeights>;
  /**
   * Looks at what the plugin needs of the machine, for `doctor`; fetches and installs nothing.
   *
   * @throws {RunError} If something is wrong; its message is the diagnosis.
   */
  diagnose?(context: PluginContext): Promise<Diagnosis[]>;
  /**
   * Of an engine that stands for others: which one is meant on this machine. It is asked just before an engine is
   * opened, and never by what only reads recipes; the engine that it names is created in its place.
   *
   * @throws {RunError} If the machine has not what is asked for.
   */
  choose?(options: z.output<S>, context: EngineChoiceContext): Promise<ChosenEngine>;
  create(
    options: z.output<S>,
    context: PluginKinds[K]["context"],
  ): PluginKinds[K]["creates"] | Promise<PluginKinds[K]["creates"]>;
}

/** Types a plugin, so that an editor completes it; returns it unchanged. */
export function definePlugin<K extends PluginKind, S extends z.ZodType>(
  plugin: Plugin<K, S> & TellsNeeds<K, S>,
): Plugin<K, S> & TellsNeeds<K, S> {
  return plugin;
}

/** Objectives tell their needs. */
type TellsNeeds<K extends PluginKind, S extends z.ZodType> = K extends "objective"
  ? { needs(options: z.output<S>): NeedsOf<K> }
  : unknown;
