"""A process that does a piece of work for each line on standard input and answers with its processor time."""

import json
import sys
import time


def serve(work, versions):
    """`work` maps a name to a function of no arguments. Libraries that print do so on standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        name = line.strip()
        if name == "describe":
            answer = versions
        else:
            before = time.process_time()  # user and system time of all threads
            work[name]()
            answer = time.process_time() - before
        print(json.dumps(answer), file=answers, flush=True)
