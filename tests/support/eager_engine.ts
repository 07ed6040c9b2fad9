export { eagerEngine } from "../../cli/eager_engine.ts";
