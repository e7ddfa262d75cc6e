"""Rows, what is aimed at, and how both are shown."""

import dataclasses
import statistics

OTHER_BUILD = "the other build"  # the same row of the program that --beside names


@dataclasses.dataclass
class Aim:
    kind: str
    limit: float
    against: str = ""  # the key of a row, or OTHER_BUILD


@dataclasses.dataclass
class Row:
    key: str
    title: str
    aims: list


def seconds_text(seconds):
    if seconds is None:
        return ""
    if 0 < abs(seconds) < 1e-6:
        return f"{seconds * 1e9:.0f} ns"
    return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def bytes_text(count):
    return "0" if count == 0 else f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def ratio_text(ratio):
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2g}"


def limit_text(limit, text):
    """As it is written: what is rounded is what was measured."""
    return count_text(limit) if text is ratio_text else text(limit)


def count_text(count):
    return f"{count:g}"


def median(samples, name):
    values = [getattr(each, name) for each in samples]
    return statistics.median(values) if None not in values else None


def quotient(own, other):
    return own / other


def difference(own, other):
    return own - other


# By kind: what of a row's samples is looked at, how it is set against the other row (or stands alone), its text.
KINDS = {
    "seconds": ("seconds", None, seconds_text, "≤ "),
    "time": ("seconds", quotient, ratio_text, "≤ "),
    "time at least": ("seconds", quotient, ratio_text, "≥ "),
    "more seconds": ("seconds", difference, seconds_text, "≤ + "),
    "requests": ("requests", None, count_text, "≤ "),
    "times requests": ("requests", quotient, ratio_text, "≤ "),
    "requests after mount": ("after_mount", None, count_text, "≤ "),
    "times processor": ("processor", quotient, ratio_text, "≤ "),
    "memory": ("memory", None, bytes_text, "≤ "),
    "times memory": ("memory", quotient, ratio_text, "≤ "),
}
WORDS = {"requests": " requests", "times requests": " of the requests", "requests after mount": " requests after the mount",
         "times processor": " of the processor time", "memory": " of memory", "times memory": " of the memory"}


@dataclasses.dataclass
class Verdict:
    row: Row
    aim: Aim
    limit: str           # "≤ 0.06"
    measured: str        # "0.041", or why there is nothing
    met: bool

    def word(self):
        return "met" if self.met else "missed"


def verdicts(rows, results, failures, other=None):
    """Of every row that was measured or should have been, every aim; with the results of another build, `other`, those
    that are set against it, else all others."""
    for row in rows:
        for aim in row.aims:
            if (aim.against == OTHER_BUILD) != (other is not None):
                continue
            name, combine, text, sign = KINDS[aim.kind]
            limit = sign + limit_text(aim.limit, text) + WORDS.get(aim.kind, "")
            against = row.key if other is not None else aim.against
            missing = next((key for key in (row.key, against) if key and key not in results), None)
            if missing in failures:
                yield Verdict(row, aim, limit, f"`{missing}` failed", False)
            elif missing is None:
                value = median(results[row.key], name)
                if against:
                    value = combine(value, median((other or results)[against], name))
                met = value >= aim.limit if sign.startswith("≥") else value <= aim.limit
                yield Verdict(row, aim, limit, text(value), met)


def aims_table(rows, found):
    titles = {row.key: row.title for row in rows}
    lines = ["| workload | beside | aim | measured | |", "|---|---|--:|--:|---|"]
    for each in found:
        beside = titles.get(each.aim.against, each.aim.against) or "–"
        word = "met" if each.met else "**missed**"
        lines.append(f"| {each.row.title} | {beside} | {each.limit} | {each.measured} | {word} |")
    return "\n".join(lines)


def aims_lines(found):
    for each in found:
        beside = f" of {each.aim.against}" if each.aim.against else ""
        yield f"{each.word():6}  {each.row.key}: {each.measured} ({each.limit}{beside})"


def results_table(rows, results, failures):
    lines = ["| | time | fastest to slowest | processor time | requests | after the mount | received | memory "
             "| at its peak | read ahead, unused |",
             "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for row in rows:
        if row.key not in results:
            if row.key in failures:
                lines.append(f"| {row.title} | failed |" + " |" * 8)
            continue
        samples = results[row.key]
        time = median(samples, "seconds")
        times = sorted(each.seconds for each in samples) if time is not None else []
        mount = samples[0].mounted is not None
        ahead, unused = median(samples, "ahead"), median(samples, "unused")
        lines.append("| " + " | ".join([
            row.title, seconds_text(time), f"{seconds_text(times[0])} to {seconds_text(times[-1])}" if times else "",
            seconds_text(median(samples, "processor")),
            count_text(median(samples, "requests")), count_text(median(samples, "after_mount")) if mount else "",
            bytes_text(median(samples, "bytes")),
            bytes_text(median(samples, "memory")) if mount else "",
            bytes_text(median(samples, "peak")) if mount else "",
            "" if not mount else "–" if ahead is None else f"{bytes_text(unused)} of {bytes_text(ahead)}",
        ]) + " |")
    return "\n".join(lines)


def beside_table(rows, other, own):
    """What the rows of a build take of what another one takes; and the keys of those that take more."""
    lines = ["| | time | of the other's | processor time | of the other's | requests | of the other's | memory "
             "| of the other's | peak, of the other's |",
             "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    worse = []
    for row in rows:
        if row.key not in own:
            lines.append(f"| {row.title} | failed |" + " |" * 8)
            continue

        def both(name, text, limit=None):
            value = median(own[row.key], name)
            beside = median(other[row.key], name) if row.key in other else None
            if value is None or not beside:
                return text(value) if value is not None else "", ""
            ratio = value / beside
            if limit is not None and ratio > limit:
                worse.append(row.key)
                return text(value), f"**{ratio:.2f}**"
            return text(value), f"{ratio:.2f}"

        cells = [*both("seconds", seconds_text, 1.05), *both("processor", seconds_text), *both("requests", count_text, 1.02), *both("memory", bytes_text),
                 both("peak", bytes_text)[1]]
        lines.append(f"| {row.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines), worse
