/**
 * The network that a command line names: one of the table or of a module with a file of weights, or the student of a
 * run. What can be wrong with names and files is found before an engine opens.
 *
 * @module
 */
import { join } from "node:path";
import { checkWeightsHash, type Engine, quoted, type Student } from "@seed/core";
import { type Host, loadTrainedStudent, openEngine, RUN_FILES } from "@seed/core/host";
import { NETWORKS, openWeights, type Pool } from "@seed/nn";
import {
  fileNetwork,
  layoutOf,
  type LoadedNetwork,
  poolsOf,
  publishedInput,
  studentNetwork,
} from "@seed/nn/host";
import { openDefaultEngine } from "./default_engine.ts";
import { namedNetwork } from "./named_network.ts";
import { type FinishedRun, openRun } from "./run_folder.ts";
import type { SubjectFlags } from "./subject_flags.ts";

/** What runs a network. */
interface Runtime {
  engine: Engine;
  host: Host;
}

/** A network whose weights are found but not read yet. */
export interface NetworkSubject extends Disposable {
  /** As `ls networks` names it. */
  readonly network: string;
  /** Path of the file of weights. */
  readonly weights: string;
  /** Files that it is read from, and of a run all that the run has written: nothing may be written over them. */
  readonly sources: readonly string[];
  /** The layout that the file is in; `seed student` if it is a run's. */
  readonly layout: string;
  /** SHA-256 of the weights; of several files the one that stands for all. */
  hash(): Promise<string>;
  readonly hasHead: boolean;
  /** What its features can be told to be; of a run's student nothing. */
  readonly pools: readonly Pool[];
  /** Side in pixels of the pictures that it is meant for. */
  readonly inputSize: number;
  /** Side of a vision transformer's patches, which the pictures' sides are multiples of; 1 for other networks. */
  readonly patch: number;
  /** Whose student it is; null if it is no run's. */
  readonly run: { readonly finished: FinishedRun; copy(runtime: Runtime): Promise<Student> } | null;
  /**
   * Opens the engine that computes it: its run's, or what recipes mean by silence.
   *
   * @param processes Those that compute it on this machine.
   */
  openEngine(host: Host, processes: number): Promise<Engine>;
  /**
   * Reads the weights.
   *
   * @param options.foldBatchNorm False: the network has its values, to be written; default true, for computing.
   */
  load(runtime: Runtime, options?: { foldBatchNorm?: boolean }): Promise<LoadedNetwork>;
}

/**
 * Opens what the flags name.
 *
 * @throws {UsageError} If there is no such network, or the folder is no run's.
 * @throws {RunError} If the file is in no layout of the network, or the run is not finished.
 */
export async function openSubject(flags: SubjectFlags): Promise<NetworkSubject> {
  if (flags.run !== null) return runSubject(await openRun(flags.run, flags));
  return await fileSubject(flags);
}

/** A network with its weights, for a message. */
export function described({ network, weights }: NetworkSubject): string {
  return `the network ${network} of ${quoted(weights, 300)}`;
}

async function fileSubject(
  { network: name, weights: path, below }: SubjectFlags & { run: null },
): Promise<NetworkSubject> {
  const network = await namedNetwork(name), file = await openWeights(path);
  const layout = layoutOf(file, network, { below });
  return {
    network: network.name,
    weights: file.path,
    sources: file.files ?? [file.path],
    layout: layout.name,
    hash: () => checkWeightsHash(file, null),
    hasHead: layout.head !== null,
    pools: poolsOf({ ...network, build: layout.build ?? network.build }),
    inputSize: publishedInput(file, network, layout).inputSize,
    patch: network.patch ?? 1,
    run: null,
    openEngine: openDefaultEngine,
    load: (_runtime, { foldBatchNorm = true } = {}) =>
      Promise.try(() => fileNetwork(file, network, { below, foldBatchNorm })),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

function runSubject(finished: FinishedRun): NetworkSubject {
  const { recipe, weights, inputSize } = finished, { network } = weights.metadata;
  const copy = (runtime: Runtime) => loadTrainedStudent(recipe, weights, runtime);
  return {
    network,
    weights: weights.path,
    sources: Object.values(RUN_FILES).map((name) => join(finished.folder, name)),
    layout: "seed student",
    hash: () => checkWeightsHash(weights, null),
    hasHead: true,
    pools: [],
    inputSize,
    patch: NETWORKS.get(network)?.patch ?? 1,
    run: { finished, copy },
    openEngine: async (host, processes) => await openEngine(recipe, host, processes),
    load: async (runtime) => studentNetwork(await copy(runtime), weights, inputSize),
    [Symbol.dispose]: () => finished[Symbol.dispose](),
  };
}
