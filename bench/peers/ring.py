"""
The sums of ../sums_bench.ts by TensorFlow's ring: python ring.py LENGTH STRETCHES LEAST, which starts a second process.
As ours are, they are timed by stretches of LEAST milliseconds or more.
"""

import json
import math
import os
import socket
import subprocess
import sys
import time

LENGTH, STRETCHES, LEAST = map(int, sys.argv[1:4])


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


if len(sys.argv) == 4:
    ports = [str(free_port()) for _ in range(2)]
    ranks = [
        subprocess.Popen([sys.executable, __file__, *sys.argv[1:], str(rank), *ports], stdout=subprocess.PIPE)
        for rank in range(2)
    ]
    outputs = [rank.communicate()[0] for rank in ranks]
    if any(rank.returncode for rank in ranks):
        sys.exit("a process of TensorFlow failed; its message is above")
    print(json.dumps([json.loads(output) for output in outputs]))
    sys.exit()

RANK, PORTS = int(sys.argv[4]), sys.argv[5:]
os.environ["TF_CONFIG"] = json.dumps(
    {
        "cluster": {"worker": [f"127.0.0.1:{port}" for port in PORTS]},
        "task": {"type": "worker", "index": RANK},
    }
)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import tensorflow as tf  # noqa: E402

strategy = tf.distribute.MultiWorkerMirroredStrategy(
    communication_options=tf.distribute.experimental.CommunicationOptions(
        implementation=tf.distribute.experimental.CommunicationImplementation.RING
    )
)


@tf.function
def add_up(values):
    def add():
        own = values + 0  # an operation in here lies on a device; the vector is read and written once for it
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, own)

    return strategy.run(add)


values = tf.fill([LENGTH], float(RANK + 1))


def stretch(sums):
    """Milliseconds of wall and processor that a sum takes."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(sums):
        total = add_up(values)
        assert total[0] == 3 and total[-1] == 3, f"the sum is {total[0]}, expected 3"
    return [1e3 * (time.perf_counter() - wall) / sums, 1e3 * (time.process_time() - processor) / sums]


stretch(2)
own = max(1, math.ceil(LEAST / stretch(2)[0]))
sums = math.ceil(float(add_up(tf.fill([LENGTH], float(own)))[0]) / 2)  # both take as many
found = [stretch(sums) for _ in range(STRETCHES)]
print(json.dumps({"version": tf.__version__, "sums": found}))
