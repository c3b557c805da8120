"""table.py RAW FOLDER COMPILER VERSION: keeps the medians of a Google Benchmark run (RAW, JSON) and prints ours.

The result is FOLDER/<cpu>-<COMPILER>.json: for each program on each input the GB/s of decoded octets, that times memcpy of
the same size, and for ours times the best library of the same run.
"""

import json
import os
import re
import subprocess
import sys

LOOPS = ("byte loop", "memchr loop")


def medians(raw):
    """{(codec, input): {program: GB/s}}, in the order in which the rows were registered."""
    found = {}
    for row in sorted(raw["benchmarks"], key=lambda row: row["family_index"]):
        if row.get("aggregate_name") == "median":
            codec, program, on = row["run_name"].split("/")[:3]
            found.setdefault((codec, on), {})[program] = row["GB/s"]
    return found


def short(number):
    return float(f"{number:.4g}")


def rows_of(found):
    for (codec, on), programs in found.items():
        copy = found["memcpy", on.split()[0]]["libc"]
        peers = {name: rate for name, rate in programs.items() if not name.startswith("cte ") and name not in LOOPS}
        best = max(peers, key=peers.get, default=None)
        for program, rate in programs.items():
            row = {"codec": codec, "on": on, "program": program, "GB/s": short(rate)}
            if codec != "memcpy":
                row["x memcpy"] = short(rate / copy)
                if best and program.startswith("cte "):
                    row["x best peer"] = short(rate / peers[best])
                    row["best peer"] = best
            yield row


def print_table(rows):
    print(f"{'codec':22}{'on':12}{'kernels':29}{'GB/s':>8}{'x memcpy':>10}{'x best peer':>13}")
    for row in rows:
        if row["program"].startswith("cte "):
            beside = f"{row['x best peer']:13.2f}  {row['best peer']}" if "best peer" in row else ""
            print(f"{row['codec']:22}{row['on']:12}{row['program'][4:]:29}{row['GB/s']:8.2f}{row['x memcpy']:10.3f}{beside}")


def cpu_name():
    """The model name; x86 has names that several models share, so its numbers too."""
    said = subprocess.run(["lscpu"], env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=True).stdout
    fields = dict(re.findall(r"^([^:\n]+): +(.+)$", said, re.M))
    name = fields.get("Model name", "unknown")
    return f"{name} (family {fields['CPU family']}, model {fields['Model']})" if "CPU family" in fields else name


def main(raw_path, folder, compiler, version):
    with open(raw_path, encoding="utf-8") as file:
        raw = json.load(file)
    rows = list(rows_of(medians(raw)))
    cpu = cpu_name()
    head = {"unit": "GB/s of decoded octets, medians", "cpu": cpu, "mhz": raw["context"]["mhz_per_cpu"],
            "caches": [f"L{c['level']} {c['type']} {c['size'] // 1024}K" for c in raw["context"]["caches"]],
            "compiler": version}
    name = re.sub("[^a-z0-9]+", "-", f"{cpu}-{compiler}".lower())
    with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
        lines = [f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()]
        file.write("{" + "".join(lines) + '"rows": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]}\n")
    print_table(rows)


main(*sys.argv[1:])
