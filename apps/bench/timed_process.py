"""Runs a command and prints, as JSON, its seconds from start to end, its peak resident bytes and its exit status.

A process of its own, because Linux counts what the parent of a command had in memory as the command's, too, and the
benchmark has gigabytes."""

import json
import os
import subprocess
import sys
import time

if __name__ == "__main__":
    log, *command = sys.argv[1:]
    with open(log, "wb") as stream:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps({"seconds": seconds, "peak_bytes": usage.ru_maxrss * 1024, "exit": child.returncode}))
