"""A process that does a piece of work for each line on standard input and answers with its processor time."""

import json
import sys
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage


def serve(work, versions):
    """`work` maps a name to a function of no arguments. Libraries that print do so on standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        name = line.strip()
        if name == "describe":
            answer = versions
        else:
            before = processor_time()
            work[name]()
            answer = processor_time() - before
        print(json.dumps(answer), file=answers, flush=True)


def processor_time():
    """User and system time of all threads, and of the processes that have ended, such as a loader's workers."""
    usages = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
