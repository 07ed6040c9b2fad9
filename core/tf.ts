/**
 * The one instance of TensorFlow.js of a process: plugins take `tf` from here, never from npm themselves, since
 * tensors of two instances cannot meet in one operation.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

export { tf };
