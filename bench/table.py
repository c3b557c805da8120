"""table.py RAW RESULT LIBRARY-COMPILER: keeps the medians of a Google Benchmark run (RAW, JSON) as RESULT, and prints them.

Each row is one of ours on one input: GB/s of decoded octets, times memcpy, times the best peer of the same run.
"""

import json
import sys


def medians(raw):
    """{codec: {input: {program: GB/s}}}"""
    found = {}
    for row in sorted(raw["benchmarks"], key=lambda row: row["family_index"]):  # in which the rows were registered
        if row.get("aggregate_name") == "median":
            codec, program, on = row["run_name"].split("/")[:3]
            found.setdefault(codec, {}).setdefault(on, {})[program] = float(f"{row['GB/s']:.4g}")
    return found


def print_table(found):
    copies = found["memcpy"]
    print(f"{'codec':22}{'on':5}{'kernels':10}{'GB/s':>8}{'x memcpy':>10}{'x best peer':>13}  peer")
    for codec, inputs in found.items():
        if codec == "memcpy":
            continue
        for on, programs in inputs.items():
            peers = {name: rate for name, rate in programs.items() if not name.startswith("cte ")}
            best = max(peers, key=peers.get, default=None)
            for name, rate in programs.items():
                if name.startswith("cte "):
                    beside = f"{rate / peers[best]:13.2f}  {best} {peers[best]:.2f}" if best else ""
                    print(f"{codec:22}{on:5}{name[4:]:10}{rate:8.2f}{rate / copies[on]['libc']:10.3f}{beside}")


def main(raw_path, result_path, compiler):
    with open(raw_path, encoding="utf-8") as file:
        raw = json.load(file)
    found = medians(raw)
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        cpu = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    result = {"unit": "GB/s of decoded octets, medians", "cpu": cpu, "mhz": raw["context"]["mhz_per_cpu"],
              "caches": [f"L{c['level']} {c['type']} {c['size'] // 1024}K" for c in raw["context"]["caches"]],
              "compiler": compiler, "medians": found}
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    print_table(found)


main(*sys.argv[1:])
