"""The numbers as text: lines on the terminal, JSON, Markdown."""

import json

import goals
from pixels import SIZES
from tuning import AUTOSCHEDULERS, DEFAULT, TUNED

OURS = "atrous"


def seconds_text(seconds):
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def bytes_text(count):
    return f"{count / 2**20:.3g} MiB"


def ratio_text(ratio):
    return f"{ratio['median']:.2f} ({ratio['q1']:.2f}–{ratio['q3']:.2f})"


def preamble(results):
    m = results["machine"]
    lines = [f"{m['cpu']}, {m['cores']} cores, {bytes_text(m['memory_bytes'])}, Linux {m['kernel']}, "
             f"Python {m['python']}",
             f"instruction sets: {' '.join(m['isa'])}; "
             f"FMA peak measured with vectors of {results['fma_lanes']} floats"]
    lines += [f"{name}: {peer['version']}: {peer['settings']}" for name, peer in results["peers"].items()]
    return "\n".join(lines)


def terminal_line(record, threads):
    """Everybody's median, then the ratio."""
    s = record["threads"][str(threads)]
    times = "  ".join(f"{name} {seconds_text(t['median'])}" for name, t in s["seconds"].items())
    text = f"  {threads} thread{'s' * (threads > 1)}: {times}"
    if "ratio" in s:
        text += f" | {ratio_text(s['ratio'])} over {s['fastest']}"
    if "gflops" in s:
        text += f", {s['gflops']:.0f} GFLOP/s, {s['share_of_peak']:.0%} of peak"
    return text + f", {s['discarded']} discarded" + ("" if s["steady"] else ", NO STEADY ROUND")


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def rounds_text(s):
    return f"{s['rounds']} ({s['discarded']})" + ("" if s["steady"] else " **not steady**")


def result_row(record, threads, s):
    gain = s.get("gain")
    ours = s["seconds"].get(OURS)
    return [record["name"], threads, seconds_text(ours["median"]) if ours else "",
            ratio_text(s["ratio"]) if "ratio" in s else "",
            f"{s['ratio']['min']:.2f}–{s['ratio']['max']:.2f}" if "ratio" in s else "", s.get("fastest", ""),
            f"{s['gflops']:.0f}" if "gflops" in s else "", f"{s['share_of_peak']:.0%}" if "gflops" in s else "",
            f"{gain['ours']:.2f} ({gain['fma']:.2f})" if gain else "",
            bytes_text(s["workspace_bytes"] + record["weight_bytes"]) if "workspace_bytes" in s else "",
            rounds_text(s)]


RESULT_HEAD = ["case", "threads", "Atrous", "ratio (quartiles)", "min–max", "fastest peer", "GFLOP/s",
               "of FMA peak", "gain of threads (FMA's)", "workspace + weights", "rounds (discarded)"]


def results_section(records):
    rows = [result_row(record, threads, s) for record in records for threads, s in record["threads"].items()]
    return ("## Networks\n\nRatio: the fastest peer's time over ours, median of the rounds; above 1 ours is "
            "faster. GFLOP/s count the multiplications that meet real pixels.\n\n" + table(RESULT_HEAD, rows))


def times_section(records, peers):
    names = [OURS, *peers]
    rows = [[record["name"], threads, *(seconds_text(s["seconds"][n]["median"]) if n in s["seconds"] else "–"
                                        for n in names)]
            for record in records for threads, s in record["threads"].items()]
    return "## Everybody's median\n\n" + table(["case", "threads", *names], rows)


TUNING_HEAD = ["case", "threads", "default", "tuned", "default / tuned", *(f"{name} / tuned" for name in AUTOSCHEDULERS),
               "candidates", *(f"{name} took (left to us)" for name in AUTOSCHEDULERS), "rounds (discarded)"]


def made_text(record, way):
    """How long an autoscheduler took, and how many of the kernels it could not do."""
    made = record["made"].get(way)
    return f"{made['seconds']:.0f} s ({made['fallbacks']} of {made['kernels']})" if made else "–"


def tuning_row(record, threads, s):
    ratios = s["ratios"] if TUNED in s["seconds"] else {}
    return [record["name"], threads,
            *(seconds_text(s["seconds"][way]["median"]) if way in s["seconds"] else "–" for way in (DEFAULT, TUNED)),
            *(ratio_text(ratios[way]) if way in ratios else "–" for way in (DEFAULT, *AUTOSCHEDULERS)),
            s.get("search", {}).get("candidates", "–"), *(made_text(record, way) for way in AUTOSCHEDULERS), rounds_text(s)]


def tuning_section(records, budget):
    rows = [tuning_row(record, threads, s) for record in records for threads, s in record["threads"].items()
            if "seconds" in s]
    return (f"## Default, tuned, autoscheduled\n\nSearches of {budget} s each. Ratios of times, medians of the rounds with "
            "their quartiles; above 1 the tuned network is faster.\n\n" + table(TUNING_HEAD, rows))


def found_section(records):
    """What the searches found better than the default."""
    rows = [[record["name"], threads, op["operator"], "×".join(map(str, op["input"])), op["best"], f"{op['gain']:.2f}"]
            for record in records for threads, s in record["threads"].items()
            for op in s.get("search", {}).get("operators", []) if op["best"] != "default"]
    head = ["case", "threads", "operator", "input", "best", "gain"]
    return "## What was found\n\n" + table(head, rows) if rows else ""


def problems_section(records):
    rows = [[r["name"], name, message] for r in records for name, message in r["problems"].items()]
    return "## Who could not take part\n\n" + table(["case", "who", "why"], rows) if rows else ""


def errors_section(records):
    """The largest difference of each from the result that most agree with."""
    worst = [(e, r["name"], name) for r in records for s in r["threads"].values()
             for name, e in s["errors"].items() if name in s["seconds"]]
    if not worst:
        return ""
    value, case, name = max(worst)
    return f"Largest difference among those that were timed: {value:.2g} of the output's RMS ({case}, {name}).\n"


def startup_section(record):
    if "seconds" not in record:
        return ""
    names = list(record["seconds"]["open"])
    rows = [[what, *(seconds_text(times[name]) for name in names)] for what, times in record["seconds"].items()]
    return ("## Opening U²-Net\n\nMedians over processes that had loaded their libraries before the clock started. "
            "`open`: ours dlopen, NAME_open and a touch of every page of the library; theirs the call that makes a "
            f"session of the ONNX file. `mask`: from the file to the end of the first run. {record['threads']} threads.\n\n"
            + table(["", *names], rows)
            + f"\nThe program: {record['program_bytes'] / 1e6:.2f} MB; the weights in the ONNX file: "
            f"{record['weight_bytes'] / 1e6:.2f} MB.\n")


def folder_section(record):
    if "seconds" not in record:
        return ""
    rows = [[name, seconds_text(s["median"]), f"{s['min']:.3g}–{s['max']:.3g} s",
             bytes_text(record["peak_bytes"][name])] for name, s in record["seconds"].items()]
    text = (f"## A folder of {record['pictures']} photographs to cut-outs\n\nWhole processes, `atrous segment` "
            f"and `rembg p`; {record['rounds']} rounds ({record['discarded']} discarded).\n\n"
            + table(["program", "time", "min–max", "peak memory"], rows))
    return text + "".join(f"\n- {problem}" for problem in record["problems"]) + "\n" * bool(record["problems"])


def stack_rows(stack):
    for threads, summary in stack["threads"].items():
        times = [summary["ns_per_pixel"].get(str(size)) for size in SIZES]
        measured = [t for t in times if t]
        yield [stack["channels"], threads, *(f"{t:.3g}" if t else "no memory" for t in times),
               f"{max(measured) / min(measured):.2f}"]


def pixels_section(record):
    rows = [row for stack in record.get("stacks", []) for row in stack_rows(stack)]
    if not rows:
        return ""
    return ("## Nanoseconds per pixel by size\n\nStacks with rates 1,2,3; one library for all sizes.\n\n"
            + table(["channels", "threads", *(f"{size}²" for size in SIZES), "slowest / fastest"], rows))


OTHERS = {"startup": startup_section, "folder": folder_section, "pixels": pixels_section}


def markdown(results):
    records = results["networks"]
    peaks = ", ".join(f"{p:.0f} GFLOP/s with {n}" for n, p in results["fma_peak_best"].items())
    tuned = results["tuning"]
    head = f"# Atrous {'tuned and untuned' if tuned else 'beside its peers'}\n\n" + "".join(f"- {line}\n" for line in preamble(results).splitlines())
    head += f"- best FMA peak by threads: {peaks}; {results['rounds']} rounds, seed {results['seed']}\n"
    sections = [head, goals_section(results)]
    if tuned:
        sections += [tuning_section(tuned, results["budget"]), found_section(tuned), problems_section(tuned)]
    if records:
        sections += [results_section(records), times_section(records, results["peers"]),
                     problems_section(records), errors_section(records)]
    sections += [OTHERS[name](record) for name, record in results["others"].items()]
    return "\n".join(section for section in sections if section)


def goals_section(results):
    rows = goals.rows(results)
    return "## Goals\n\n" + table(["what", "goal", "found", ""], rows) if rows else ""


def write(results, folder, name):
    """The files' paths."""
    markdown_file, json_file = folder / f"{name}.md", folder / f"{name}.json"
    json_file.write_text(json.dumps(results, indent=1) + "\n")
    markdown_file.write_text(markdown(results))
    return markdown_file, json_file
