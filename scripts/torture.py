#!/usr/bin/env python3
"""Kills Seam's programs at random moments, lets them go on, and compares with a run that was left alone.

usage: scripts/torture.py --bin build/release/bin --videos DIR [--kills 100] [--seed 1] [PROGRAM...]

DIR holds real/ and fake/ with a few short videos each. PROGRAM is one of extract, merge, train, infer, spectrum, serve; all by
default. Each is killed (SIGKILL, with all of its processes) so many times, anew from the start whenever it got to its end. A line
for each tells kills, finished runs and what differed; the exit status is 1 when anything did.
"""
import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path


class Stuck(Exception):
    """A program that did not go on after a kill."""


def start(command, **more):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, **more)


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.communicate()


def run(command):
    process = start(command)
    output, _ = process.communicate()
    return process.returncode, output


def must(command):
    status, output = run(command)
    if status != 0:
        sys.exit(f"{' '.join(command)}: exit status {status}\n{output}")


def digests(folder, volatile=()):
    """The digest of every file below. `volatile`: (pattern, expression) of files whose text is compared without what the
    expression matches; without an expression the file is not compared."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(folder))
        expressions = [expression for pattern, expression in volatile if re.fullmatch(pattern, name)]
        if None in expressions:
            continue
        content = path.read_bytes()
        for expression in expressions:
            content = re.sub(expression, b"", content)
        found[name] = hashlib.sha256(content).hexdigest()
    return found


class Files:
    """A program that writes files: `command(output)` makes them, once more with `go_on` after a kill."""

    def __init__(self, command, go_on=("--resume",), fresh="", volatile=()):
        self.command, self.go_on, self.fresh, self.volatile = command, list(go_on), fresh, volatile

    def torture(self, work, kills, random_):
        wanted_folder = work / "wanted"
        wanted_folder.mkdir()
        begin = time.monotonic()
        must(self.command(wanted_folder / "out"))
        span = time.monotonic() - begin
        wanted = digests(wanted_folder, self.volatile)
        killed = finished = 0
        problems = []
        while killed < kills:
            folder = work / f"run{finished}"
            folder.mkdir()
            here = 0
            while True:
                command = self.command(folder / "out")
                if here > 0:
                    command += self.go_on
                process = start(command)
                # Often near the end of what is left, where files are put in their places.
                wait = span * random_.uniform(0.02, 1.1) / (1 if here == 0 else random_.choice([1, 2, 4]))
                try:
                    output, _ = process.communicate(timeout=wait if killed < kills else None)
                except subprocess.TimeoutExpired:
                    kill(process)
                    killed += 1
                    here += 1
                    continue
                if process.returncode == 0:
                    break
                if here > 0 and self.fresh and self.fresh in output:
                    here = 0
                    continue
                raise Stuck(f"after {killed} kills: exit status {process.returncode}: {output[-400:]}")
            finished += 1
            got = digests(folder, self.volatile)
            for name in sorted(set(wanted) | set(got)):
                if wanted.get(name) != got.get(name):
                    problems.append(f"run {finished}: {name} " + ("differs" if name in wanted and name in got else "is there once alone"))
            shutil.rmtree(folder)
        return killed, finished, problems


class Serve:
    """A server with a queue of jobs: each must be done once, with the score of an undisturbed run."""

    def __init__(self, program, videos, extra):
        self.program, self.videos, self.extra = program, videos, extra

    def torture(self, work, kills, random_):
        scores = self.scores(work / "wanted", [], random_, 0)[0]
        killed = finished = 0
        problems = []
        while killed < kills:
            got, more = self.scores(work / f"run{finished}", problems, random_, min(10, kills - killed))
            killed += more
            finished += 1
            if got != scores:
                problems.append(f"run {finished}: scores differ: {got} and {scores}")
        return killed, finished, problems

    def scores(self, state, problems, random_, kills):
        jobs = {}
        killed = 0
        server, url = self.serve(state)
        try:
            for video in self.videos:
                reply = self.ask(f"{url}/api/v1/jobs?name={video.name}", video.read_bytes())
                jobs[reply["id"]] = video.name
            while True:
                if killed < kills:
                    time.sleep(random_.uniform(0.05, 1.0))
                    kill(server)
                    killed += 1
                    server, url = self.serve(state)
                stored = self.ask(f"{url}/api/v1/jobs?limit=1000")["jobs"]
                if sorted(job["id"] for job in stored) != sorted(jobs):
                    problems.append(f"{state.name}: {len(stored)} jobs instead of {len(jobs)}")
                    break
                states = {job["state"] for job in stored}
                if killed == kills and not states & {"queued", "running"}:
                    if states != {"done"}:
                        problems.append(f"{state.name}: states {sorted(states)}")
                    break
                time.sleep(0.1)
            return {jobs[job["id"]]: job["score"] for job in stored}, killed
        finally:
            kill(server)

    def serve(self, state):
        server = start([self.program, "--state", str(state), "--port", "0", *self.extra])
        for line in server.stdout:
            match = re.search(r"http://127\.0\.0\.1:\d+", line)
            if match:
                return server, match[0]
        raise Stuck(f"seam serve ended: {server.wait()}")

    @staticmethod
    def ask(url, body=None):
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=60) as reply:
            return json.load(reply)


def cases(bin_, videos, work):
    seam = str(bin_ / "seam")
    shards = work / "shards"
    frames = ["--frames", "4"]
    clips = sorted(p for p in videos.rglob("*") if p.is_file())

    def prepared():
        if not shards.exists():
            must([seam, "extract", "--input", str(videos), "--output", str(shards), *frames, "--split", "0.5,0.25,0.25", "-q"])
        return shards

    def parts():
        for number in (1, 2):
            part = work / f"part{number}"
            if not part.exists():
                must([seam, "extract", "--input", str(videos), "--output", str(part), *frames, "--split", "0.5,0.25,0.25", "--shard", f"{number}/2", "-q"])
        return [str(work / "part1"), str(work / "part2")]

    return {
        "extract": lambda: Files(lambda out: [seam, "extract", "--input", str(videos), "--output", str(out), *frames, "--split", "0.5,0.25,0.25", "-q"]),
        "merge": lambda: Files(lambda out, p=parts(): [seam, "extract", "merge", *p, "--output", str(out), "-q"]),
        "train": lambda: Files(
            lambda out, d=str(prepared()): [seam, "train", "--data", d, "--output", str(out), "--model", "meso4", "--epochs", "4", "--batch", "8", "-q"],
            fresh="holds no run to resume",
            # How long it took. The state holds the rows of metrics.csv; run.json and the events tell when each part ran.
            volatile=[(r"out/metrics\.csv", rb"(?m)(?<=,)[^,\n]*,[^,\n]*(?=(,[^,\n]*){26}$)"), (r"out/(run\.json|last\.state\.safetensors|.*tfevents.*)", None)],
        ),
        "infer": lambda: Files(
            lambda out: [seam, "infer", str(videos), *frames, "--output", f"{out}.csv", "--jsonl", f"{out}.jsonl", "-q"]
        ),
        "spectrum": lambda: Files(lambda out: [seam, "spectrum", "features", str(videos), *frames, "--output", f"{out}.npz", "-q"], go_on=()),
        "serve": lambda: Serve(str(bin_ / "seam-serve"), clips, ["--workers", "2"]),
    }


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("programs", nargs="*")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(prefix="seam-torture-") as folder:
        table = cases(arguments.bin.resolve(), arguments.videos.resolve(), Path(folder))
        for name in arguments.programs or table:
            if name not in table:
                parser.error(f"{name} is none of {', '.join(table)}")
            work = Path(folder) / name
            work.mkdir()
            try:
                killed, finished, problems = table[name]().torture(work, arguments.kills, random.Random(arguments.seed))
            except (Stuck, urllib.error.URLError) as problem:
                killed, finished, problems = 0, 0, [str(problem)]
            print(f"{name}: {killed} kills, {finished} whole runs, {len(problems)} problems", flush=True)
            for problem in problems[:20]:
                print(f"  {problem}", flush=True)
            failed = failed or bool(problems)
            shutil.rmtree(work)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
